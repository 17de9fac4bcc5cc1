"""Writes an invoice and the first attempt to pay it. Numbered last: see `db.queries.invoices.finalize`."""

from dataclasses import dataclass
from datetime import datetime

from db.database import Connection
from db.queries import invoices, ledger, payments
from db.queries.payment_methods import find_payer
from db.queries.payments import Payer
from domain import ledger as movements
from domain.billing_calendar import Period
from domain.collecting import Attempt, AttemptStage, OpenInvoice
from domain.dunning import DunningPolicy
from domain.invoice import Invoice
from payments import manual_mock

FIRST_ATTEMPT = 1
A_PERSON = Payer(manual_mock.NAME, method_id=None)


@dataclass(frozen=True)
class BilledPeriod:
    """What is billed: the `index`-th period, whose unpaid renewal `policy` follows up."""

    subscription_id: int
    user_id: int
    index: int
    period: Period
    content: Invoice
    policy: DunningPolicy


async def write_invoice(
    connection: Connection, billed: BilledPeriod, payer: Payer, at: datetime
) -> OpenInvoice:
    """The invoice, still unnumbered, its ledger movement and the first attempt to pay it."""
    content = billed.content
    invoice_id = await invoices.insert_draft(
        connection, subscription_id=billed.subscription_id, user_id=billed.user_id, content=content, at=at
    )
    movement = movements.invoice_finalized(invoice_id, content.currency, content.net_cents, content.vat_cents)
    await ledger.post_movement(connection, billed.subscription_id, movement, at)
    payment_id = await payments.insert_attempt(
        connection,
        invoice_id=invoice_id,
        attempt_no=FIRST_ATTEMPT,
        payer=payer,
        amount_cents=content.total_cents,
        currency=content.currency,
        at=at,
    )
    stage = AttemptStage.PENDING if payer.method_id is None else AttemptStage.DUE
    attempt = Attempt(payment_id, stage, payer.method_id, since=at)
    return OpenInvoice(invoice_id, billed.index, billed.period, billed.policy, attempt)


async def who_pays(connection: Connection, method_id: int | None) -> Payer:
    return A_PERSON if method_id is None else await find_payer(connection, method_id)
