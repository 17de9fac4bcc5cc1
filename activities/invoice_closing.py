"""Invoices that are no longer waited for: voided, or written off as uncollectible."""

from datetime import datetime

from db.database import Connection
from db.queries import invoices, ledger, payment_reports, payments, purses
from db.queries.payments import Billed
from db.queries.purses import Bill
from domain import ledger as movements
from domain.events import invoice_uncollectible, invoice_voided
from domain.payment import GivenUp
from domain.subscription import SubscriptionState


async def find_unread_reports(connection: Connection, invoice_id: int) -> tuple[int, ...]:
    """Of payments for an invoice that is about to be given up: they are to be settled first."""
    billed = await payments.lock_payments_of_invoice(connection, invoice_id)
    return await payment_reports.find_unread(connection, [attempt.payment_id for attempt in billed])


async def void_invoice(
    connection: Connection, before: SubscriptionState, invoice_id: int, at: datetime
) -> None:
    """Gives up its payments too; should one succeed all the same, the money goes back.

    What gift cards and balance have paid of it is the customer's again.
    """
    *_, billed = await payments.lock_payments_of_invoice(connection, invoice_id)
    await payments.give_up_attempts(connection, invoice_id, GivenUp.INVOICE_VOIDED, at)
    await invoices.void(connection, invoice_id, at, invoice_voided(before, billed.invoice, at))
    movement = movements.invoice_voided(
        invoice_id, billed.payment.currency, billed.net_cents, billed.vat_cents
    )
    await ledger.post_movement(connection, billed.subscription_id, movement, at)
    await _put_back(connection, billed, at)


async def write_off_invoice(
    connection: Connection, before: SubscriptionState, invoice_id: int, at: datetime
) -> None:
    """The period was begun in good faith: its revenue is earned, and lost."""
    *_, billed = await payments.lock_payments_of_invoice(connection, invoice_id)
    await payments.give_up_attempts(connection, invoice_id, GivenUp.INVOICE_WRITTEN_OFF, at)
    await invoices.write_off(connection, invoice_id, at, invoice_uncollectible(before, billed.invoice, at))
    amounts = (billed.payment.currency, billed.net_cents)
    for movement in (
        movements.invoice_written_off(invoice_id, *amounts, billed.vat_cents),
        movements.revenue_recognized(invoice_id, *amounts),
    ):
        await ledger.post_movement(connection, billed.subscription_id, movement, at)
    await _put_back(connection, billed, at)


async def _put_back(connection: Connection, billed: Billed, at: datetime) -> None:
    """With the whole purse locked: what is billed in its place takes out of it."""
    tenders = await purses.load_tenders(connection, billed.invoice_id)
    if not tenders.total_cents:
        return
    currency = billed.payment.currency
    bill = Bill(billed.invoice_id, billed.user_id, currency)
    await purses.lock_purse(connection, bill.user_id, currency)
    await purses.put_back(connection, bill, tenders, at, reason="given_up")
    movement = movements.invoice_untendered(
        billed.invoice_id, currency, gift_cents=tenders.gift_cents, balance_cents=tenders.balance_cents
    )
    await ledger.post_movement(connection, billed.subscription_id, movement, at)
