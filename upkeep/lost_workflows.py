"""Starts the workflow of a subscription again, from its row, when it was terminated by hand or lost.

Not only of a live one: a charge may still be under way when its subscription has ended.
"""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from pydantic import TypeAdapter
from temporalio.client import Client
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from activities.contracts import Cause, StartAnswer, StartOrder
from db.database import Database
from db.queries import subscriptions
from db.queries.subscriptions import LostRow
from domain.due import next_step
from ops.running_workflow import find_running
from ops.tracing import new_trace_id
from upkeep.arrival import let_it_come
from upkeep.own_time import own_now
from upkeep.workflow_clock import WorkflowClock
from workflows.messages import PaymentReported, SubscriptionLife
from workflows.options import BILLING_QUEUE
from workflows.subscription import Subscription

_ANSWER = TypeAdapter(StartAnswer)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class LostWorkflows:
    database: Database
    temporal: Client
    rpc_timeout: timedelta

    async def revive(self, workflow_id: str, report: PaymentReported | None = None) -> bool:
        """Whether it is not finished, and its workflow now runs; the report is its first message.

        Twice is once: a workflow that runs already is left as it is.
        """
        async with self.database.read() as connection:
            row = await subscriptions.find_by_workflow(connection, workflow_id)
        if row is None or row.state.is_finished:
            return False
        log.error("workflow_lost", workflow_id=workflow_id, subscription_id=row.state.subscription_id)
        if not row.clock_offset:
            await self._start(workflow_id, row, report)
            return True
        await self._start(workflow_id, row, None)
        await self._catch_up(workflow_id, row)
        if report is not None:
            workflow = self.temporal.get_workflow_handle(workflow_id)
            await workflow.signal(Subscription.payment_reported, report, rpc_timeout=self.rpc_timeout)
        return True

    async def _start(self, workflow_id: str, row: LostRow, report: PaymentReported | None) -> None:
        await self.temporal.start_workflow(
            Subscription.run,
            _life_of(row),
            id=workflow_id,
            task_queue=BILLING_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            static_summary=f"{row.state.plan.code} of user {row.state.user_id}",
            start_signal=None if report is None else "payment_reported",
            start_signal_args=[] if report is None else [report],
            rpc_timeout=self.rpc_timeout,
        )

    async def _catch_up(self, workflow_id: str, row: LostRow) -> None:
        """A new workflow begins in today: its time has to come to what was its own before anybody asks it.

        What had come due by then is next; its clock is not turned beyond.
        """
        upcoming = next_step(row.state)
        own = own_now(row.clock_offset)
        at = own if upcoming is None else min(own, upcoming.at)
        await let_it_come(self.database, WorkflowClock(self.temporal, workflow_id, self.rpc_timeout), at)

    async def revive_if_closed(self, workflow_id: str) -> bool:
        """Where nothing was sent to the workflow that could have told that it is lost.

        Whether it was lost, and now runs.
        """
        running = await find_running(self.temporal, workflow_id, self.rpc_timeout)
        return running is None and await self.revive(workflow_id)


def _life_of(row: LostRow) -> SubscriptionLife:
    order = StartOrder(
        user_id=row.state.user_id,
        idempotency_key=row.idempotency_key,
        request_hash=row.request_hash,
        plan_code=row.state.plan.code,
        cause=Cause("system", "its workflow was lost", new_trace_id()),
    )
    return SubscriptionLife(order, row.state, _ANSWER.validate_python(row.start_answer))
