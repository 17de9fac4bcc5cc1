"""What had paid for the time that changes of plan have credited to the customer's balance."""

from dataclasses import dataclass

from sqlalchemy import exists, func, select

from db.database import Connection
from db.queries import purses, refundable
from db.tables.billing import Invoice, Payment
from db.tables.corrections import CreditNote
from domain.correction import CreditNoteReason, Paid, without


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
