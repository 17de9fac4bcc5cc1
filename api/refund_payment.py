"""Gives money back on behalf of staff, so that one request is one refund whatever is interrupted in between.

1. The row under the refund's key is the authority: whoever repeats the request finds it.
2. What a read can refuse is refused before a workflow exists.
3. Update-with-start, with the request in the workflow's id: its first activity opens the row.
"""

from dataclasses import dataclass
from datetime import datetime

from structlog.contextvars import bind_contextvars

from activities.contracts import Cause, OpenRefund
from api.open_refund import FindCause, Opening, RefundOpener
from api.problems import Problem
from api.refusals import problem_of
from api.workflow_updates import interrupted
from db.database import Database
from db.queries import refund_views, refundable
from db.queries.refund_views import RefundView
from db.queries.refundable import RefundablePayment
from domain.refund import amount_to_refund
from domain.refusals import Refused
from workflows.messages import RefundLife
from workflows.refund import staff_refund_workflow_id


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
    opener: RefundOpener

    async def refund(self, order: RefundOrder, find_cause: FindCause) -> RefundView:
        """Raises `Problem`: 404, 409 when less is left of the payment, 503 when Temporal is away."""
        async with self.database.read() as connection:
            payment = await refundable.find_payment(connection, order.payment_id)
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
        await self.opener.open(_opening(order, payment, await find_cause(payment.user_id)))
        async with self.database.read() as connection:
            opened = await refund_views.find_refund(connection, order.key)
        if opened is None:
            raise interrupted()
        return opened


def _opening(order: RefundOrder, payment: RefundablePayment, cause: Cause) -> Opening:
    def life_at(at: datetime) -> RefundLife:
        opening = OpenRefund(order.payment_id, order.key, order.amount_cents, cause, at)
        return RefundLife(at, order=opening)

    return Opening(
        workflow_id=staff_refund_workflow_id(order.payment_id, order.command_id),
        summary=f"refund of payment {order.payment_id}",
        subscription_id=payment.subscription_id,
        clock_offset=payment.clock_offset,
        life_at=life_at,
    )


def no_such_payment() -> Problem:
    return Problem(404, "payment_not_found", "There is no such payment.")
