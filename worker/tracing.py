"""Around activities and workflows: the trace that each acts for, in spans and in its log lines."""

from typing import Any

from structlog.contextvars import bound_contextvars
from temporalio import activity
from temporalio.converter import PayloadConverter
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from domain.trace_context import HEADER, TraceContext
from ops import spans
from ops.refused_errors import is_refusal
from workflows.turns import IS_SAMPLED, RECORD, Turns


class Tracing(Interceptor):
    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 - the SDK's name
        return _TracedActivity(super().intercept_activity(next))

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 - the SDK's name
    ) -> type[WorkflowInboundInterceptor]:
        input.unsafe_extern_functions.update({RECORD: _record, IS_SAMPLED: spans.is_sampled})
        return Turns


class _TracedActivity(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 - the SDK's name
        parent = _context_of(input)
        if parent is None:
            return await super().execute_activity(input)
        info = activity.info()
        with (
            bound_contextvars(trace_id=parent.trace_id),
            spans.span(info.activity_type, "consumer", parent=parent, attempt=info.attempt),
        ):
            return await super().execute_activity(input)


def _context_of(input: ExecuteActivityInput) -> TraceContext | None:  # noqa: A002 - the SDK's name
    payload = input.headers.get(HEADER)
    return (
        None if payload is None else TraceContext.parse(PayloadConverter.default.from_payload(payload, str))
    )


def _record(
    *,
    name: str,
    span: TraceContext,
    parent: TraceContext | None,
    link: TraceContext | None,
    nanoseconds: int,
    run_id: str,
    error: Exception | None,
) -> None:
    """Called from inside of a workflow."""
    error_type = None if error is None or is_refusal(error) else type(error).__name__
    past = spans.Past(name, "server", nanoseconds, span, parent, link, error_type)
    spans.past(past, run_id=run_id)
