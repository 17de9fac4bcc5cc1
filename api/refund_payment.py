"""Gives money back on behalf of staff, so that one request is one refund whatever is interrupted in between.

1. The row under the refund's key is the authority: whoever repeats the request finds it.
2. What a read can refuse is refused before a workflow exists.
3. Update-with-start, with the request in the workflow's id: its first activity opens the row. Should this
   process die, the workflow goes on, or was never started and nothing was written.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from structlog.contextvars import bind_contextvars
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.contracts import Cause, OpenRefund
from api.own_time import own_now
from api.problems import Problem
from api.refusals import problem_of
from api.workflow_updates import ask, heard, interrupted
from db.database import Database
from db.queries import refund_views
from db.queries.refund_views import RefundablePayment, RefundView
from domain.refund import amount_to_refund
from domain.refusals import Refused
from workflows.messages import RefundLife
from workflows.options import BILLING_QUEUE
from workflows.refund import Refund, refund_attributes, staff_refund_workflow_id


@dataclass(frozen=True)
class RefundOrder:
    """What staff ask for; without an amount all that is left.

    `command_id` is the same when the same request comes again.
    """

    payment_id: int
    amount_cents: int | None
    command_id: str

    @property
    def key(self) -> str:
        return f"payment:{self.payment_id}:staff:{self.command_id}"


@dataclass(frozen=True)
class PaymentRefunder:
    database: Database
    temporal: Client
    rpc_timeout: timedelta

    async def refund(self, order: RefundOrder, find_cause: Callable[[], Awaitable[Cause]]) -> RefundView:
        """`find_cause` is called once nothing speaks against it.

        Raises `Problem`: 404, 409 when less is left of the payment, 503 when Temporal is away.
        """
        async with self.database.read() as connection:
            payment = await refund_views.find_payment(connection, order.payment_id)
            opened = await refund_views.find_refund(connection, order.key)
        if payment is None:
            raise no_such_payment()
        bind_contextvars(subscription_id=payment.subscription_id)
        if opened is not None:
            return opened
        try:
            amount_to_refund(order.amount_cents, payment.left_cents)
        except Refused as refused:
            raise problem_of(refused) from refused
        return await self._open(order, payment, await find_cause())

    async def _open(self, order: RefundOrder, payment: RefundablePayment, cause: Cause) -> RefundView:
        async def update_with_start(update_id: str) -> int:
            at = own_now(payment.clock_offset)
            opening = OpenRefund(order.payment_id, order.key, order.amount_cents, cause, at)
            life = RefundLife(at, order=opening)
            return await self._update_with_start(life, payment, order.command_id, update_id)

        with suppress(WorkflowAlreadyStartedError):  # and it has closed: the refund is settled
            await ask(update_with_start, "opened", payment.clock_offset)
        async with self.database.read() as connection:
            opened = await refund_views.find_refund(connection, order.key)
        if opened is None:
            raise interrupted()
        return opened

    async def _update_with_start(
        self, life: RefundLife, payment: RefundablePayment, command_id: str, update_id: str
    ) -> int:
        start = WithStartWorkflowOperation(
            Refund.run,
            life,
            id=staff_refund_workflow_id(payment.payment_id, command_id),
            task_queue=BILLING_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            # A refused refund fails its run on purpose, and only such a run gives its id back.
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            search_attributes=refund_attributes(payment.subscription_id),
            static_summary=f"refund of payment {payment.payment_id}",
        )
        with heard(start):
            return await self.temporal.execute_update_with_start_workflow(
                Refund.opened, start_workflow_operation=start, id=update_id, rpc_timeout=self.rpc_timeout
            )


def no_such_payment() -> Problem:
    return Problem(404, "payment_not_found", "There is no such payment.")
