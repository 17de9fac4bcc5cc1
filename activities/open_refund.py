"""Opens a refund that staff ask for: its key exists before any money goes back."""

from temporalio import activity

from activities.contracts import OpenRefund
from activities.opened_refunds import open_refund_of
from activities.refusal import refusal_error
from db.database import Connection, Database
from db.queries import payments, purses, refundable, refunds, subscriptions
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
    payer_id = (await refundable.load_payment(connection, command.payment_id)).user_id
    await purses.lock_balance(connection, payer_id, state.plan.currency)
    payment = await refundable.load_payment(connection, command.payment_id)
    amount_cents = amount_to_refund(command.amount_cents, payment.left_cents)
    return await open_refund_of(
        connection,
        state,
        payment,
        amount_cents,
        unapplied_cents=payment.unapplied_part(amount_cents),
        key=command.key,
        reason=RefundReason.STAFF,
        cause=command.cause,
        at=command.at,
    )
