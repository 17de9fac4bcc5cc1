"""What a plan that was left is worth above what the new one costs: it is used on the next invoice."""

from datetime import datetime

from activities.announcing import announce_with_purse
from activities.billing import close_covered
from activities.correcting import note_plan_credit
from db.database import Connection
from db.queries import ledger, purses
from db.queries.plan_credits import split_by_payers
from db.queries.purses import Bill
from domain import ledger as movements
from domain.invoice import Invoice
from domain.subscription import SubscriptionState
from domain.tenders import GiftMoney, Tenders


async def close_credited(
    connection: Connection,
    before: SubscriptionState,
    after: SubscriptionState,
    content: Invoice,
    at: datetime,
) -> None:
    """Closes a change's invoice of which nothing is due, and moves what it credits above its charge.

    That goes to the balance of whoever had paid for it, with credit notes of their invoices. `before` has the
    change still open. The last of its transaction, in the order of `next_number`: the balances, which may
    wait for others, then the invoice's number, then those of the credit notes.
    """
    invoice_id, cents = before.unpaid_invoice.invoice_id, content.credited_to_balance_cents
    key = f"invoice:{invoice_id}:credited"
    credited = await split_by_payers(connection, before.subscription_id, cents)
    for credit in credited:
        bill = Bill(credit.invoice_id, credit.user_id, content.currency)
        await purses.move_balance(connection, bill, credit.cents, at, key=f"{key}:{credit.invoice_id}")
    if credited:
        await announce_with_purse(connection, after, at)
    await close_covered(connection, before, content, at)
    if credited:
        parts = await note_plan_credit(connection, credited, at, key=key)
        movement = movements.plan_change_credited(
            invoice_id, content.currency, parts.net_cents, parts.vat_cents
        )
        await ledger.post_movement(connection, before.subscription_id, movement, at)


async def return_to_gift_cards(
    connection: Connection, subscription_id: int, bill: Bill, gifts: tuple[GiftMoney, ...], at: datetime
) -> None:
    """What they had paid of a credit leaves the balance for them: its credit note is there already. Once."""
    back = Tenders(gifts)
    if not back.total_cents:
        return
    key = f"invoice:{bill.invoice_id}:credit_returned"
    await purses.move_balance(connection, bill, -back.gift_cents, at, key=key)
    await purses.put_back(connection, bill, back, at, reason="credit")
    movement = movements.plan_credit_returned(bill.invoice_id, bill.currency, back.gift_cents)
    await ledger.post_movement(connection, subscription_id, movement, at)
