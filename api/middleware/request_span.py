"""The span of a request: by its route's template, never its address, which may hold what is secret."""

from contextlib import AbstractContextManager, nullcontext

from starlette.datastructures import Headers
from starlette.types import Scope
from structlog.contextvars import get_contextvars

from api.middleware.machines import ASKED_BY_MACHINES
from domain.trace_context import HEADER, TraceContext
from ops import spans
from ops.spans import NOTHING, Span

KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER_METHOD = "_OTHER"  # as OpenTelemetry has it: a method is the client's word
FIRST_FAULT = 500


def request_span(scope: Scope, headers: Headers) -> AbstractContextManager[Span]:
    """A part of the caller's trace, or the first of a new one."""
    if scope["path"] in ASKED_BY_MACHINES:
        return nullcontext(NOTHING)
    parent = TraceContext.parse(headers.get(HEADER))
    method = _known(scope["method"])
    if parent is None:
        return spans.root(method, "server", method=method)
    return spans.span(method, "server", parent=parent, method=method)


def tell_answer(span: Span, scope: Scope, route: str, status: int) -> None:
    """A refusal is the client's matter; what is ours to mend is a failure."""
    span.name(f"{_known(scope['method'])} {route}")
    span.say(route=route, status_code=status)
    subscription_id = get_contextvars().get("subscription_id")
    if isinstance(subscription_id, int):
        span.say(subscription_id=subscription_id)
    if status >= FIRST_FAULT:
        span.failed(str(status))


def _known(method: str) -> str:
    return method if method in KNOWN_METHODS else OTHER_METHOD
