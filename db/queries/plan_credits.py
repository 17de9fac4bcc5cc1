"""What had paid for the time that changes of plan credit to a balance: that of whoever had paid for it."""

from dataclasses import dataclass

from sqlalchemy import exists, func, select

from db.database import Connection
from db.queries import purses, refundable
from db.tables.billing import Invoice, Payment
from db.tables.corrections import CreditNote
from domain.correction import CreditNoteReason, Paid, without
from domain.subscription import SubscriptionState


@dataclass(frozen=True)
class PlanCredit:
    """So much of a paid invoice is credited to the balance of its user."""

    invoice_id: int
    user_id: int
    cents: int


async def split_by_payers(connection: Connection, subscription_id: int, cents: int) -> list[PlanCredit]:
    """Of which paid invoices it is: the newest first, each up to what is left of it.

    With the subscription's row locked, or to foresee it. Raises `ValueError` when more is credited than was
    paid.
    """
    parts = []
    for invoice in reversed(await refundable.list_invoices(connection, subscription_id)):
        part_cents = min(cents, invoice.left.total_cents)
        if part_cents:
            parts.append(PlanCredit(invoice.invoice_id, invoice.user_id, part_cents))
        cents -= part_cents
    if cents:
        raise ValueError(f"{cents} cents more are credited to subscription {subscription_id} than were paid")
    return parts


async def count_for_others(connection: Connection, state: SubscriptionState, cents: int) -> int:
    """How much of it is not for who has the subscription by now."""
    if state.transferred_at is None:
        return 0
    parts = await split_by_payers(connection, state.subscription_id, cents)
    return sum(part.cents for part in parts if part.user_id != state.user_id)


@dataclass(frozen=True)
class CreditedInvoice:
    """`paid` is the part of it that such credit notes have corrected, by what it was paid with."""

    invoice_id: int
    payment_id: int | None
    paid: Paid


async def list_credited(connection: Connection, subscription_id: int) -> list[CreditedInvoice]:
    """The newest one first. What was charged back is in none of them."""
    query = (
        select(
            Invoice.id,
            Invoice.paid_by_payment_id,
            func.coalesce(refundable.KEPT_OF_CARD, 0).label("card_cents"),
        )
        .outerjoin(Payment, Payment.id == Invoice.paid_by_payment_id)
        .where(
            Invoice.subscription_id == subscription_id,
            exists().where(
                CreditNote.invoice_id == Invoice.id, CreditNote.reason == CreditNoteReason.PLAN_CHANGE
            ),
        )
        .order_by(Invoice.id.desc())
    )
    found = []
    for row in (await connection.execute(query)).all():
        kept = Paid(row.card_cents, await purses.load_tenders(connection, row.id))
        left = (await refundable.load_invoice(connection, row.id)).left
        found.append(CreditedInvoice(row.id, row.paid_by_payment_id, without(kept, left)))
    return found
