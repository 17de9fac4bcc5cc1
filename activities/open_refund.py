"""Opens a refund that staff ask for: its key exists before any money goes back."""

from temporalio import activity

from activities.contracts import OpenRefund
from activities.recording import begin_refund
from activities.refusal import refusal_error
from db.database import Connection, Database
from db.queries import payments, refunds, subscriptions
from db.queries.refund_views import find_refundable
from db.queries.refunds import RefundOrder
from domain.refund import RefundReason, amount_to_refund
from domain.refusals import Refused
from ops.tracing import bind_to_logs


class OpenRefundActivity:
    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn
    async def open_refund(self, command: OpenRefund) -> int:
        try:
            async with self._database.transaction() as connection:
                return await _open(connection, command)
        except Refused as refused:
            raise refusal_error(refused, command.at) from refused


async def _open(connection: Connection, command: OpenRefund) -> int:
    """The subscription's lock makes refunds of one payment follow one another."""
    subscription_id = await payments.find_subscription_of(connection, command.payment_id)
    bind_to_logs(subscription_id=subscription_id, trace_id=command.cause.trace_id)
    state = await subscriptions.lock_state(connection, subscription_id)
    opened = await refunds.find_by_key(connection, command.key)
    if opened is not None:
        return opened
    payment = await find_refundable(connection, command.payment_id)
    order = RefundOrder(
        payment_id=command.payment_id,
        key=command.key,
        reason=RefundReason.STAFF,
        amount_cents=amount_to_refund(command.amount_cents, payment.left_cents),
        currency=payment.currency,
        actor=command.cause.actor,
        trace_id=command.cause.trace_id,
        note_id=command.cause.note_id,
    )
    refund_id = await begin_refund(connection, state, order, command.cause, command.at)
    if refund_id is None:
        raise LookupError(f"the refund {command.key} is there and cannot be seen")
    return refund_id
