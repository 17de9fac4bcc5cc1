"""Writes an invoice, pays of it what the customer has with us, and opens the first attempt for the rest.

Numbered last: see `db.queries.invoices.finalize`.
"""

from dataclasses import dataclass
from datetime import datetime

from db.database import Connection
from db.queries import invoices, ledger, payments, purses
from db.queries.payment_methods import find_payer
from db.queries.payments import Payer
from db.queries.purses import Bill
from domain import ledger as movements
from domain.billing_calendar import Period
from domain.collecting import Attempt, AttemptStage, OpenInvoice, Switch
from domain.dunning import DunningPolicy
from domain.events import BilledInvoice, invoice_finalized, invoice_paid
from domain.invoice import Invoice
from domain.pricing import PeriodPrice
from domain.subscription import SubscriptionState
from payments import manual_mock

FIRST_ATTEMPT = 1
A_PERSON = Payer(manual_mock.NAME, method_id=None)


@dataclass(frozen=True)
class BilledPeriod:
    """What is billed: the `index`-th period, whose unpaid renewal `policy` follows up.

    `price` is what the whole period costs; `switch` and `changed_at` are as in `OpenInvoice`.
    """

    subscription_id: int
    user_id: int
    index: int
    period: Period
    content: Invoice
    policy: DunningPolicy
    price: PeriodPrice
    switch: Switch | None = None
    changed_at: datetime | None = None


async def write_invoice(
    connection: Connection, billed: BilledPeriod, payer: Payer, at: datetime
) -> OpenInvoice:
    """The invoice, still unnumbered, its ledger movements and the first attempt to pay what is due of it.

    Without an attempt when nothing is: to be closed by `close_covered`.
    """
    content = billed.content
    invoice_id = await invoices.insert_draft(
        connection, subscription_id=billed.subscription_id, user_id=billed.user_id, content=content, at=at
    )
    movement = movements.invoice_finalized(invoice_id, content.currency, content.net_cents, content.vat_cents)
    await ledger.post_movement(connection, billed.subscription_id, movement, at)
    await _take_tenders(connection, billed, invoice_id, at)
    return OpenInvoice(
        invoice_id,
        billed.index,
        billed.period,
        billed.policy,
        await _first_attempt(connection, invoice_id, content, payer, at),
        price=billed.price,
        switch=billed.switch,
        changed_at=billed.changed_at,
    )


async def finalize(
    connection: Connection, state: SubscriptionState, content: Invoice, at: datetime
) -> BilledInvoice:
    """Numbers the invoice that `state` waits for, and tells of it. The last of its transaction."""
    billed = BilledInvoice.of(state.unpaid_invoice.invoice_id, content)
    await invoices.finalize(connection, billed.invoice_id, at, invoice_finalized(state, billed, at))
    return billed


async def close_covered(
    connection: Connection, state: SubscriptionState, content: Invoice, at: datetime
) -> None:
    """Numbers the invoice that `state` waits for, of which nothing is due, and closes it as paid.

    The last of its transaction, but for credit notes.
    """
    billed = await finalize(connection, state, content, at)
    await invoices.mark_paid(connection, billed.invoice_id, None, at, invoice_paid(state, billed, at))


async def _take_tenders(connection: Connection, billed: BilledPeriod, invoice_id: int, at: datetime) -> None:
    tenders, currency = billed.content.tenders, billed.content.currency
    if not tenders.total_cents:
        return
    bill = Bill(invoice_id, billed.user_id, currency)
    await purses.take_out(connection, bill, tenders, at)
    movement = movements.invoice_tendered(
        invoice_id, currency, gift_cents=tenders.gift_cents, balance_cents=tenders.balance_cents
    )
    await ledger.post_movement(connection, billed.subscription_id, movement, at)


async def _first_attempt(
    connection: Connection, invoice_id: int, content: Invoice, payer: Payer, at: datetime
) -> Attempt | None:
    if not content.amount_due_cents:
        return None
    payment_id = await payments.insert_attempt(
        connection,
        invoice_id=invoice_id,
        attempt_no=FIRST_ATTEMPT,
        payer=payer,
        amount_cents=content.amount_due_cents,
        currency=content.currency,
        at=at,
    )
    stage = AttemptStage.PENDING if payer.method_id is None else AttemptStage.DUE
    return Attempt(payment_id, stage, payer.method_id, since=at)


async def who_pays(connection: Connection, method_id: int | None) -> Payer:
    return A_PERSON if method_id is None else await find_payer(connection, method_id)
