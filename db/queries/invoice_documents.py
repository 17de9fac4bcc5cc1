"""What the paper of an invoice says: the invoice, its lines, its buyer, and how it was paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from db.database import Connection
from db.queries.credit_notes import list_notes
from db.queries.users import BUYER_EMAIL
from db.tables.accounts import User
from db.tables.billing import Invoice, InvoiceLine, Payment
from db.tables.corrections import Dispute
from db.tables.payment_methods import PaymentMethod
from domain.billing_calendar import Period
from domain.invoice import InvoiceStatus


@dataclass(frozen=True)
class DocumentLine:
    description: str
    period: Period
    amount_cents: int


@dataclass(frozen=True)
class PaidBy:
    """The payment that settled it; brand and last four are those of a stored payment method."""

    payment_id: int
    provider: str
    brand: str | None
    last4: str | None


@dataclass(frozen=True)
class Correction:
    """A credit note that takes something of the invoice back."""

    number: str
    issued_at: datetime
    amount_cents: int


@dataclass(frozen=True)
class ChargedBack:
    """What the payer's bank took of the payment that settled it."""

    amount_cents: int
    at: datetime


@dataclass(frozen=True)
class InvoiceDocument:
    """`number` and `finalized_at` are missing in a draft only.

    Of the total, `gift_cents` and `balance_cents` were paid before anybody was charged.
    """

    invoice_id: int
    number: str | None
    status: InvoiceStatus
    buyer_id: int
    buyer_email: str | None
    currency: str
    total_cents: int
    net_cents: int
    vat_cents: int
    vat_rate_bp: int
    gift_cents: int
    balance_cents: int
    finalized_at: datetime | None
    paid_at: datetime | None
    voided_at: datetime | None
    written_off_at: datetime | None
    lines: Sequence[DocumentLine]
    paid_by: PaidBy | None
    corrections: Sequence[Correction] = ()
    charged_back: ChargedBack | None = None

    @property
    def charged_cents(self) -> int:
        """What gift cards and balance have left to be charged."""
        return self.total_cents - self.gift_cents - self.balance_cents


_INVOICE = (
    select(
        Invoice.id,
        Invoice.number,
        Invoice.status,
        Invoice.user_id,
        BUYER_EMAIL.label("email"),
        Invoice.currency,
        Invoice.total_cents,
        Invoice.net_cents,
        Invoice.vat_cents,
        Invoice.vat_rate_bp,
        Invoice.gift_cents,
        Invoice.balance_cents,
        Invoice.finalized_at,
        Invoice.paid_at,
        Invoice.voided_at,
        Invoice.written_off_at,
        Invoice.paid_by_payment_id,
        Payment.provider,
        PaymentMethod.brand,
        PaymentMethod.last4,
        Dispute.amount_cents.label("charged_back_cents"),
        Dispute.opened_at.label("charged_back_at"),
    )
    .join(User, User.id == Invoice.user_id)
    .outerjoin(Payment, Payment.id == Invoice.paid_by_payment_id)
    .outerjoin(PaymentMethod, PaymentMethod.id == Payment.payment_method_id)
    .outerjoin(Dispute, Dispute.payment_id == Payment.id)
)

_LINES = select(
    InvoiceLine.description, InvoiceLine.period_start, InvoiceLine.period_end, InvoiceLine.amount_cents
).order_by(InvoiceLine.position)


async def find_document(
    connection: Connection, invoice_id: int, *, buyer_id: int | None
) -> InvoiceDocument | None:
    """The invoice of that buyer, or of anybody when none is named."""
    query = _INVOICE.where(Invoice.id == invoice_id)
    if buyer_id is not None:
        query = query.where(Invoice.user_id == buyer_id)
    invoice = (await connection.execute(query)).one_or_none()
    if invoice is None:
        return None
    lines = await connection.execute(_LINES.where(InvoiceLine.invoice_id == invoice_id))
    return InvoiceDocument(
        invoice_id=invoice.id,
        number=invoice.number,
        status=InvoiceStatus(invoice.status),
        buyer_id=invoice.user_id,
        buyer_email=invoice.email,
        currency=invoice.currency,
        total_cents=invoice.total_cents,
        net_cents=invoice.net_cents,
        vat_cents=invoice.vat_cents,
        vat_rate_bp=invoice.vat_rate_bp,
        gift_cents=invoice.gift_cents,
        balance_cents=invoice.balance_cents,
        finalized_at=invoice.finalized_at,
        paid_at=invoice.paid_at,
        voided_at=invoice.voided_at,
        written_off_at=invoice.written_off_at,
        lines=[
            DocumentLine(line.description, Period(line.period_start, line.period_end), line.amount_cents)
            for line in lines
        ],
        paid_by=paid_by(invoice),
        corrections=[
            Correction(note.number, note.issued_at, note.amount_cents)
            for note in await list_notes(connection, [invoice.id])
        ],
        charged_back=None
        if invoice.charged_back_cents is None
        else ChargedBack(invoice.charged_back_cents, invoice.charged_back_at),
    )


def paid_by(invoice: Row[*tuple[Any, ...]]) -> PaidBy | None:
    """Of a row that joins the invoice with its payment and that one's method."""
    if invoice.paid_by_payment_id is None:
        return None
    return PaidBy(invoice.paid_by_payment_id, invoice.provider, invoice.brand, invoice.last4)
