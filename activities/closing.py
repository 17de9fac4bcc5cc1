"""What the end of a subscription does to its money: the open invoice is voided, the paid ones are earned."""

from datetime import datetime

from db.database import Connection
from db.queries import invoices, ledger, payments, subscriptions
from domain import ledger as movements
from domain.subscription import Status, SubscriptionState

VOIDED = "invoice_voided"


async def void_open_invoice(connection: Connection, invoice_id: int, at: datetime) -> None:
    """Gives up its payment too; should that succeed all the same, the money is owed to the customer."""
    billed = await payments.lock_payment_of_invoice(connection, invoice_id)
    await payments.mark_failed(connection, billed.payment_id, VOIDED, at)
    await invoices.void(connection, invoice_id, at)
    movement = movements.invoice_voided(
        invoice_id, billed.payment.currency, billed.net_cents, billed.vat_cents
    )
    await ledger.post_movement(connection, billed.subscription_id, movement, at)


async def close_paid_time(connection: Connection, state: SubscriptionState, at: datetime) -> None:
    """Nothing is left to deliver: the paid period ends and what was deferred is earned."""
    if state.status is Status.CANCELED and state.ended_at is not None:
        await subscriptions.cut_paid_period(connection, state.subscription_id, state.ended_at)
        await ledger.recognize_revenue(connection, state.subscription_id, at)
