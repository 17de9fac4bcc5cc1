"""What the paper of a credit note says: the note, the invoice that it corrects, and where the money went."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from db.database import Connection
from db.queries.invoice_documents import PaidBy, paid_by
from db.queries.users import BUYER_EMAIL
from db.tables.accounts import User
from db.tables.billing import Invoice, Payment
from db.tables.corrections import CreditNote
from db.tables.payment_methods import PaymentMethod
from domain.correction import CreditNoteReason


@dataclass(frozen=True)
class CreditNoteDocument:
    """`paid_by` is the payment that its card part went back by."""

    number: str
    issued_at: datetime
    reason: CreditNoteReason
    invoice_number: str
    invoice_issued_at: datetime
    buyer_id: int
    buyer_email: str | None
    currency: str
    amount_cents: int
    net_cents: int
    vat_cents: int
    vat_rate_bp: int
    card_cents: int
    balance_cents: int
    gift_cents: int
    paid_by: PaidBy | None


_NOTE = (
    select(
        CreditNote.number,
        CreditNote.issued_at,
        CreditNote.reason,
        Invoice.number.label("invoice_number"),
        Invoice.finalized_at,
        Invoice.user_id,
        BUYER_EMAIL.label("email"),
        CreditNote.currency,
        CreditNote.amount_cents,
        CreditNote.net_cents,
        CreditNote.vat_cents,
        Invoice.vat_rate_bp,
        CreditNote.card_cents,
        CreditNote.balance_cents,
        CreditNote.gift_cents,
        Invoice.paid_by_payment_id,
        Payment.provider,
        PaymentMethod.brand,
        PaymentMethod.last4,
    )
    .join(Invoice, Invoice.id == CreditNote.invoice_id)
    .join(User, User.id == Invoice.user_id)
    .outerjoin(Payment, Payment.id == Invoice.paid_by_payment_id)
    .outerjoin(PaymentMethod, PaymentMethod.id == Payment.payment_method_id)
)


async def find_document(
    connection: Connection, credit_note_id: int, *, buyer_id: int | None
) -> CreditNoteDocument | None:
    """The credit note of that buyer, or of anybody when none is named."""
    query = _NOTE.where(CreditNote.id == credit_note_id)
    if buyer_id is not None:
        query = query.where(Invoice.user_id == buyer_id)
    note = (await connection.execute(query)).one_or_none()
    if note is None:
        return None
    return CreditNoteDocument(
        number=note.number,
        issued_at=note.issued_at,
        reason=CreditNoteReason(note.reason),
        invoice_number=note.invoice_number,
        invoice_issued_at=note.finalized_at,
        buyer_id=note.user_id,
        buyer_email=note.email,
        currency=note.currency,
        amount_cents=note.amount_cents,
        net_cents=note.net_cents,
        vat_cents=note.vat_cents,
        vat_rate_bp=note.vat_rate_bp,
        card_cents=note.card_cents,
        balance_cents=note.balance_cents,
        gift_cents=note.gift_cents,
        paid_by=paid_by(note),
    )
