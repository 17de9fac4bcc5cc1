"""Gives money back on behalf of staff, so that one request is one refund whatever is interrupted in between.

1. The row under the refund's key is the authority: whoever repeats the request finds it.
2. What a read can refuse is refused before a workflow exists.
3. Update-with-start, with the request in the workflow's id: its first activity opens the row. Should this
   process die, the workflow goes on, or was never started and nothing was written.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from structlog.contextvars import bind_contextvars
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.contracts import Cause, OpenRefund
from api.own_time import own_now
from api.problems import Problem
from api.refusals import problem_of
from api.workflow_updates import ask, heard, interrupted
from db.database import Database
from db.queries import notes, refund_views
from db.queries.refund_views import RefundablePayment, RefundView
from domain.refund import amount_to_refund
from domain.refusals import Refused
from workflows.messages import RefundLife
from workflows.options import BILLING_QUEUE, PARKED, SUBSCRIPTION_ID
from workflows.refund import Refund, staff_refund_workflow_id


@dataclass(frozen=True)
class RefundOrder:
    """What staff ask for; without an amount all that is left. `reason` is what they wrote about it."""

    payment_id: int
    amount_cents: int | None
    reason: str
    staff_id: int
    trace_id: str


@dataclass(frozen=True)
class PaymentRefunder:
    database: Database
    temporal: Client
    rpc_timeout: timedelta

    async def refund(self, order: RefundOrder, command_id: str) -> RefundView:
        """Raises `Problem`: 404, 409 when less is left of the payment, 503 when Temporal is away."""
        key = f"payment:{order.payment_id}:staff:{command_id}"
        async with self.database.read() as connection:
            payment = await refund_views.find_payment(connection, order.payment_id)
            opened = await refund_views.find_refund(connection, key)
        if payment is None:
            raise no_such_payment()
        bind_contextvars(subscription_id=payment.subscription_id)
        if opened is not None:
            return opened
        try:
            amount_to_refund(order.amount_cents, payment.left_cents)
        except Refused as refused:
            raise problem_of(refused) from refused
        return await self._start(order, payment, key, command_id)

    async def _start(
        self, order: RefundOrder, payment: RefundablePayment, key: str, command_id: str
    ) -> RefundView:
        async with self.database.transaction() as connection:
            note_id = await notes.insert_note(connection, order.staff_id, order.reason)
        cause = Cause(f"user:{order.staff_id}", "asked for", order.trace_id, note_id)
        workflow_id = staff_refund_workflow_id(order.payment_id, command_id)

        async def update_with_start(update_id: str) -> int:
            at = own_now(payment.clock_offset)
            opening = OpenRefund(order.payment_id, key, order.amount_cents, cause, at)
            return await self._update_with_start(
                RefundLife(at, order=opening), payment, workflow_id, update_id
            )

        with suppress(WorkflowAlreadyStartedError):  # and it has closed: the refund is settled
            await ask(update_with_start, "opened", payment.clock_offset)
        async with self.database.read() as connection:
            opened = await refund_views.find_refund(connection, key)
        if opened is None:
            raise interrupted()
        return opened

    async def _update_with_start(
        self, life: RefundLife, payment: RefundablePayment, workflow_id: str, update_id: str
    ) -> int:
        start = WithStartWorkflowOperation(
            Refund.run,
            life,
            id=workflow_id,
            task_queue=BILLING_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            # A refused refund fails its run on purpose, and only such a run gives its id back.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            search_attributes=TypedSearchAttributes(
                [
                    SearchAttributePair(SUBSCRIPTION_ID, str(payment.subscription_id)),
                    SearchAttributePair(PARKED, False),
                ]
            ),
            static_summary=f"refund of payment {payment.payment_id}",
        )
        with heard(start):
            return await self.temporal.execute_update_with_start_workflow(
                Refund.opened, start_workflow_operation=start, id=update_id, rpc_timeout=self.rpc_timeout
            )


def no_such_payment() -> Problem:
    return Problem(404, "payment_not_found", "There is no such payment.")
