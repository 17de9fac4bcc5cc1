"""Starts the workflow of a refund that staff ask for, and waits until it is open."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import (
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.contracts import Cause
from api.workflow_updates import ask, heard
from upkeep.own_time import own_now
from workflows.messages import RefundLife
from workflows.options import BILLING_QUEUE
from workflows.refund import Refund, refund_attributes

FindCause = Callable[[int], Awaitable[Cause]]
"""Writes down what a person says of it, once nothing speaks against it; gets the user whom it is about."""


@dataclass(frozen=True)
class Opening:
    """What a refund's workflow is called, and whose it is; `life_at` is its argument, by the instant.

    `workflow_id` is the same when the same request comes again. `clock_offset` is the subscription's.
    """

    workflow_id: str
    summary: str
    subscription_id: int
    clock_offset: timedelta
    life_at: Callable[[datetime], RefundLife]


@dataclass(frozen=True)
class RefundOpener:
    temporal: Client
    rpc_timeout: timedelta

    async def open(self, opening: Opening) -> None:
        """Raises `Problem`: 409 when less is left, 503 when Temporal is away.

        Should this process die, the workflow goes on, or was never started and nothing was written.
        """

        async def update_with_start(update_id: str) -> int | None:
            return await self._update_with_start(opening, update_id)

        with suppress(WorkflowAlreadyStartedError):  # and it has closed: the refund is settled
            await ask(update_with_start, "opened", opening.clock_offset)

    async def _update_with_start(self, opening: Opening, update_id: str) -> int | None:
        start = WithStartWorkflowOperation(
            Refund.run,
            opening.life_at(own_now(opening.clock_offset)),
            id=opening.workflow_id,
            task_queue=BILLING_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            # A refused refund fails its run on purpose, and only such a run gives its id back.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            search_attributes=refund_attributes(opening.subscription_id),
            static_summary=opening.summary,
        )
        with heard(start):
            return await self.temporal.execute_update_with_start_workflow(
                Refund.opened, start_workflow_operation=start, id=update_id, rpc_timeout=self.rpc_timeout
            )
