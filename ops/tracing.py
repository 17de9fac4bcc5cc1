"""The trace id that ties a request to everything it caused: W3C Trace Context, 32 lower-case hex digits.

Every request, report and step has one, whether spans are recorded (ops/spans.py) or not.
"""

import secrets

import structlog

from domain.trace_context import TraceContext, derived_span_id
from ops import spans

REPORT = "report"


def new_trace_id() -> str:
    return secrets.token_hex(16)


def trace_id_from(traceparent: str | None) -> str:
    """The caller's trace id when its `traceparent` is well formed, else a new one."""
    context = TraceContext.parse(traceparent)
    return context.trace_id if context else new_trace_id()


def current_trace_id() -> str:
    """The trace id bound to the running request or activity; a new one outside of both."""
    return _bound_trace_id() or new_trace_id()


def context_to_pass_on() -> TraceContext | None:
    """What whoever is called next is told; `None` outside of a request and of an activity.

    Where no span is recorded the trace id is passed on all the same, under a span id of no span.
    """
    current = spans.current()
    if current is not None:
        return current
    trace_id = _bound_trace_id()
    return None if trace_id is None else TraceContext(trace_id, secrets.token_hex(8), is_sampled=False)


def stored_as(what: str, number: int, trace_id: str) -> TraceContext:
    """The span that stored a row. The row keeps the trace's id alone, and its number tells the span's."""
    return TraceContext(trace_id, derived_span_id(what, str(number)), spans.is_sampled(trace_id))


def bind_to_logs(*, subscription_id: int | None, trace_id: str) -> None:
    """From here on the logs of this activity say which subscription and which request they are about."""
    structlog.contextvars.bind_contextvars(subscription_id=subscription_id, trace_id=trace_id)
    spans.annotate(subscription_id=subscription_id)
    current = spans.current()
    if current is not None and current.trace_id != trace_id:
        spans.annotate(told_as_trace_id=trace_id)


def _bound_trace_id() -> str | None:
    bound = structlog.contextvars.get_contextvars().get("trace_id")
    return bound if isinstance(bound, str) else None
