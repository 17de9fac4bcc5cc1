"""What a plan that was left is worth above what the new one costs: it is used on the next invoice."""

from datetime import datetime

from db.database import Connection
from db.queries import ledger, purses
from db.queries.purses import Bill
from domain import ledger as movements
from domain.invoice import Invoice
from domain.money import split_vat
from domain.subscription import SubscriptionState


async def credit_balance(
    connection: Connection, before: SubscriptionState, content: Invoice, at: datetime
) -> None:
    """Moves it to the customer's balance. `before` is on the plan that is left, with the change still open.

    Nothing to do when the new plan costs as much, or more.
    """
    cents = content.credited_to_balance_cents
    if not cents:
        return
    invoice_id = before.unpaid_invoice.invoice_id
    bill = Bill(invoice_id, before.user_id, content.currency)
    await purses.move_balance(connection, bill, cents, at, key=f"invoice:{invoice_id}:credited")
    net_cents, vat_cents = split_vat(cents, before.plan.vat_rate_bp)
    movement = movements.plan_change_credited(invoice_id, content.currency, net_cents, vat_cents)
    await ledger.post_movement(connection, before.subscription_id, movement, at)
