"""Around calls of Temporal: a span each, and the trace in the message's header, for its workflow."""

from collections.abc import Mapping
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Interceptor,
    OutboundInterceptor,
    QueryWorkflowInput,
    SignalWorkflowInput,
    StartWorkflowInput,
    StartWorkflowUpdateInput,
    StartWorkflowUpdateWithStartInput,
    WorkflowHandle,
    WorkflowUpdateHandle,
)
from temporalio.converter import PayloadConverter

from domain.trace_context import HEADER
from ops import spans
from ops.tracing import context_to_pass_on

Headers = Mapping[str, Payload]


class TracesCalls(Interceptor):
    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
        return _TracedCalls(next)


class _TracedCalls(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002 - the SDK's name
        with spans.span(f"start {input.workflow}", "client"):
            input.headers = _with_context(input.headers)
            return await super().start_workflow(input)

    async def signal_workflow(self, input: SignalWorkflowInput) -> None:  # noqa: A002 - the SDK's name
        with spans.span(f"signal {input.signal}", "client"):
            input.headers = _with_context(input.headers)
            await super().signal_workflow(input)

    async def query_workflow(self, input: QueryWorkflowInput) -> Any:  # noqa: A002 - the SDK's name
        with spans.span(f"query {input.query}", "client"):
            return await super().query_workflow(input)

    async def start_workflow_update(self, input: StartWorkflowUpdateInput) -> WorkflowUpdateHandle[Any]:  # noqa: A002 - the SDK's name
        with spans.span(f"update {input.update}", "client"):
            input.headers = _with_context(input.headers)
            return await super().start_workflow_update(input)

    async def start_update_with_start_workflow(
        self,
        input: StartWorkflowUpdateWithStartInput,  # noqa: A002 - the SDK's name
    ) -> WorkflowUpdateHandle[Any]:
        start, update = input.start_workflow_input, input.update_workflow_input
        with spans.span(f"start {start.workflow} and update {update.update}", "client"):
            start.headers = update.headers = _with_context(update.headers)
            return await super().start_update_with_start_workflow(input)


def _with_context(headers: Headers) -> Headers:
    context = context_to_pass_on()
    if context is None:
        return headers
    return {**headers, HEADER: PayloadConverter.default.to_payload(context.traceparent)}
