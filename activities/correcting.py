"""Corrects paid invoices: credit notes, and what goes back to gift cards and to the balance at once."""

from collections.abc import Iterable
from datetime import datetime

from activities.announcing import announce_with_purse
from db.database import Connection
from db.queries import credit_notes, ledger, purses
from db.queries.credit_notes import CreditNoteOrder
from db.queries.plan_credits import PlanCredit
from db.queries.purses import Bill
from db.queries.refundable import RefundableInvoice
from domain import ledger as movements
from domain.correction import CreditNoteReason, NetAndVat, Paid, credited
from domain.subscription import SubscriptionState
from domain.tenders import Tenders, WayBack, way_back


async def issue_credit_note(connection: Connection, order: CreditNoteOrder, at: datetime) -> NetAndVat:
    """Issues it once under its key; returns its net and VAT, for the ledger.

    With the subscription's row locked, after everything that may wait for others: see `next_number`. Raises
    `sqlalchemy.exc.IntegrityError` when less than that was paid and is not credited or on its way back.
    """
    issued = await credit_notes.find_note(connection, order.key)
    if issued is not None:
        return NetAndVat(issued.net_cents, issued.vat_cents)
    before = await credit_notes.load_credited(connection, order.invoice_id)
    parts = credited(
        order.back.total_cents, credited_before_cents=before.credited_cents, vat_rate_bp=before.vat_rate_bp
    )
    await credit_notes.insert_note(connection, order, before.invoice, parts, at)
    return parts


async def note_plan_credit(
    connection: Connection, credited: Iterable[PlanCredit], at: datetime, *, key: str
) -> NetAndVat:
    """The credit notes of what a change of plan credits to balances; returns net and VAT of all of them.

    Otherwise as `issue_credit_note`.
    """
    parts = [
        await issue_credit_note(
            connection,
            CreditNoteOrder(
                credit.invoice_id,
                f"{key}:{credit.invoice_id}",
                CreditNoteReason.PLAN_CHANGE,
                Paid(tenders=Tenders(balance_cents=credit.cents)),
            ),
            at,
        )
        for credit in credited
    ]
    return NetAndVat(sum(part.net_cents for part in parts), sum(part.vat_cents for part in parts))


async def find_way_back(
    connection: Connection, invoice: RefundableInvoice, paid: Tenders, at: datetime
) -> WayBack:
    return way_back(paid, await purses.list_expiries(connection, invoice.user_id), at)


async def return_to_purse(
    connection: Connection,
    state: SubscriptionState,
    invoice: RefundableInvoice,
    back: WayBack,
    at: datetime,
    *,
    key: str,
    reason: CreditNoteReason,
) -> None:
    """What gift cards and balance have paid goes back, with a credit note. May be nothing."""
    received = back.received
    if not received.total_cents:
        return
    bill = Bill(invoice.invoice_id, invoice.user_id, invoice.currency)
    await purses.put_back(connection, bill, back.tenders, at, reason=key)
    await purses.put_in_balance(connection, bill, back.expired, at, reason=key)
    await announce_with_purse(connection, state, at)
    order = CreditNoteOrder(invoice.invoice_id, key, reason, Paid(tenders=received))
    parts = await issue_credit_note(connection, order, at)
    movement = movements.returned_to_purse(
        key,
        invoice.currency,
        net_cents=parts.net_cents,
        vat_cents=parts.vat_cents,
        gift_cents=received.gift_cents,
        balance_cents=received.balance_cents,
    )
    await ledger.post_movement(connection, invoice.subscription_id, movement, at)
