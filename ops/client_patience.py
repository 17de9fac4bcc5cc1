"""Calls of Temporal end in time, also those that cannot even begin.

A call's own timeout begins anew with each try, and only once there is a connection: the first one to a
cluster that hangs takes half a minute, and everybody waits for it in turn.
"""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.client import (
    DescribeWorkflowInput,
    Interceptor,
    OutboundInterceptor,
    QueryWorkflowInput,
    SignalWorkflowInput,
    StartWorkflowInput,
    StartWorkflowUpdateInput,
    StartWorkflowUpdateWithStartInput,
    WorkflowExecutionDescription,
    WorkflowHandle,
    WorkflowUpdateHandle,
)
from temporalio.service import RPCError, RPCStatusCode

TIMES = 2
"""So many timeouts of a single try are enough for all of them."""

T = TypeVar("T")


class EndsCalls(Interceptor):
    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 - the SDK's name
        return _EndingCalls(next)


class _EndingCalls(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002 - the SDK's name
        return await _in_time(super().start_workflow(input), input.rpc_timeout)

    async def signal_workflow(self, input: SignalWorkflowInput) -> None:  # noqa: A002 - the SDK's name
        await _in_time(super().signal_workflow(input), input.rpc_timeout)

    async def query_workflow(self, input: QueryWorkflowInput) -> Any:  # noqa: A002 - the SDK's name
        return await _in_time(super().query_workflow(input), input.rpc_timeout)

    async def describe_workflow(self, input: DescribeWorkflowInput) -> WorkflowExecutionDescription:  # noqa: A002 - the SDK's name
        return await _in_time(super().describe_workflow(input), input.rpc_timeout)

    async def start_workflow_update(self, input: StartWorkflowUpdateInput) -> WorkflowUpdateHandle[Any]:  # noqa: A002 - the SDK's name
        return await _in_time(super().start_workflow_update(input), input.rpc_timeout)

    async def start_update_with_start_workflow(
        self,
        input: StartWorkflowUpdateWithStartInput,  # noqa: A002 - the SDK's name
    ) -> WorkflowUpdateHandle[Any]:
        return await _in_time(super().start_update_with_start_workflow(input), input.rpc_timeout)


async def _in_time(call: Awaitable[T], rpc_timeout: timedelta | None) -> T:
    """Raises `RPCError`, as the call itself does when it takes too long."""
    if rpc_timeout is None:
        return await call
    try:
        async with asyncio.timeout(TIMES * rpc_timeout.total_seconds()):
            return await call
    except TimeoutError as error:
        raise RPCError("no answer in time", RPCStatusCode.DEADLINE_EXCEEDED, b"") from error
