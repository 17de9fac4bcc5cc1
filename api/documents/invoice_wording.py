"""The words and figures on the paper of an invoice. Days are those of UTC."""

from datetime import datetime

from db.queries.invoice_documents import InvoiceDocument, PaidBy
from domain.billing_calendar import Period
from domain.invoice import InvoiceStatus

CENTS = 100


def amount(cents: int, currency: str) -> str:
    """`1,234.50 EUR`, exact however large."""
    sign = "-" if cents < 0 else ""
    whole, rest = divmod(abs(cents), CENTS)
    return f"{sign}{whole:,}.{rest:02d} {currency}"


def rate(basis_points: int) -> str:
    """`22 %`, `5.5 %`."""
    return f"{basis_points / 100:g} %"


def day(at: datetime) -> str:
    return f"{at.day} {at:%B %Y}"


def days(period: Period) -> str:
    return f"{day(period.start)} – {day(period.end)}"


def status_of(invoice: InvoiceDocument) -> str:
    """One sentence: what became of it, when, and how."""
    match invoice:
        case InvoiceDocument(status=InvoiceStatus.PAID, paid_at=datetime() as at):
            return f"Paid on {day(at)}{_by(invoice.paid_by)}."
        case InvoiceDocument(status=InvoiceStatus.VOID, voided_at=datetime() as at):
            return f"Void since {day(at)}. Nothing is owed for it."
        case InvoiceDocument(status=InvoiceStatus.UNCOLLECTIBLE, written_off_at=datetime() as at):
            return f"Not paid, and written off on {day(at)}."
    return f"To be paid: {amount(invoice.total_cents, invoice.currency)}."


def _by(paid_by: PaidBy | None) -> str:
    """Nothing where there was nothing to pay."""
    if paid_by is None:
        return ""
    with_what = (
        f"{str(paid_by.brand).title()} card ending in {paid_by.last4}" if paid_by.last4 else paid_by.provider
    )
    return f" by {with_what}, payment {paid_by.payment_id}"
