"""The clock of one workflow, by Temporal's per-workflow time skipping: read it, jump over idle time."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

# A feature of the server; the SDK keeps its client among the test tools, also for use outside of tests.
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from workflows.bookkeeping import ASK_PROVIDER

JUMP_SECONDS = 5.0
MARGIN = timedelta(milliseconds=100)
ASKS_PROVIDER = frozenset(ask.__name__ for ask in ASK_PROVIDER.values())


class ClockOvershotError(Exception):
    """The clock is beyond where it was to stop: something may have come due that nobody waited for."""


@dataclass(frozen=True)
class Reading:
    """One look at a workflow. It was ahead of our clock by `offset` at most, by `certain_offset` at least.

    At rest means: no activity and no workflow task is pending, and no jump is under way. Of what is pending,
    calls of a payment provider may take long: they are repeated for as long as it gives no answer.
    """

    offset: timedelta
    certain_offset: timedelta
    is_closed: bool
    is_at_rest: bool
    is_asking_provider: bool

    @property
    def now(self) -> datetime:
        """The workflow's time at this moment; rather a little ahead: a jump then stops early, never late."""
        return datetime.now(UTC) + self.offset


class WorkflowClock:
    def __init__(self, temporal: Client, workflow_id: str, rpc_timeout: timedelta) -> None:
        self.workflow_id = workflow_id
        self._workflow: WorkflowHandle[Any, Any] = temporal.get_workflow_handle(workflow_id)
        # Nothing skips by itself: by default every workflow started through it would.
        self._skipper = TimeSkipper(temporal, config=TimeSkippingConfig(enabled=False))
        self._rpc_timeout = rpc_timeout

    async def read(self) -> Reading:
        asked_at = datetime.now(UTC)
        description = await self._workflow.describe(rpc_timeout=self._rpc_timeout)
        answered_at = datetime.now(UTC)
        raw = description.raw_description
        its_now = _current_time(raw)
        return Reading(
            offset=its_now - asked_at if its_now else timedelta(),
            certain_offset=its_now - answered_at if its_now else timedelta(),
            is_closed=description.status is not WorkflowExecutionStatus.RUNNING,
            is_at_rest=is_at_rest(raw),
            is_asking_provider=_is_asking_provider(raw),
        )

    async def jump(self, before: Reading, to: datetime) -> Reading:
        """Skips idle time up to `to`, which lies before the next due date. Returns what there is then.

        Raises `TimeoutError` when it takes too long, and `ClockOvershotError`.
        """
        by = to - before.now
        try:
            async with asyncio.timeout(JUMP_SECONDS):
                # Whether it got there is seen by looking: `False` may also mean that it closed on the way.
                await self._skipper.fast_forward(self._workflow, by)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # it closed before the jump began
                raise
        after = await self.read()
        if not after.is_closed and after.certain_offset - before.offset > by + MARGIN:
            raise ClockOvershotError(f"{self.workflow_id} was to stop at {to.isoformat()}")
        return after


def _current_time(raw: DescribeWorkflowExecutionResponse) -> datetime | None:
    """`None` while the workflow's time has always been ours."""
    extended = raw.workflow_extended_info
    if not extended.HasField("time_skipping_info"):
        return None
    return extended.time_skipping_info.current_time.ToDatetime(tzinfo=UTC)


def is_at_rest(raw: DescribeWorkflowExecutionResponse) -> bool:
    """See `Reading`."""
    jumps = raw.workflow_extended_info.time_skipping_info.effective_config.enabled
    return not (raw.pending_activities or raw.HasField("pending_workflow_task") or jumps)


def _is_asking_provider(raw: DescribeWorkflowExecutionResponse) -> bool:
    return any(pending.activity_type.name in ASKS_PROVIDER for pending in raw.pending_activities)
