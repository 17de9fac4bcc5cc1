"""The words and figures on the paper of an invoice. Days are those of UTC."""

from collections.abc import Iterator
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


def buyer(email: str | None) -> str:
    """One who was erased is known by the number alone."""
    return email or "a customer whose account was erased"


def status_of(invoice: InvoiceDocument) -> str:
    """One sentence: what became of it, when, and how."""
    match invoice:
        case InvoiceDocument(status=InvoiceStatus.PAID, paid_at=datetime() as at):
            return f"Paid on {day(at)}{_by(invoice)}."
        case InvoiceDocument(status=InvoiceStatus.VOID, voided_at=datetime() as at):
            return f"Void since {day(at)}. Nothing is owed for it."
        case InvoiceDocument(status=InvoiceStatus.UNCOLLECTIBLE, written_off_at=datetime() as at):
            return f"Not paid, and written off on {day(at)}."
    return f"To be paid: {amount(invoice.charged_cents, invoice.currency)}."


def payments_of(invoice: InvoiceDocument) -> Iterator[tuple[str, int]]:
    """With what it was paid, and how much: gift cards and balance also before the rest is."""
    for label, cents in (("gift card", invoice.gift_cents), ("balance", invoice.balance_cents)):
        if cents:
            yield label, cents
    if invoice.status is InvoiceStatus.PAID and invoice.charged_cents:
        yield payer(invoice.paid_by), invoice.charged_cents


def what_went_back(invoice: InvoiceDocument) -> Iterator[str]:
    """By its payer's bank, and by credit notes: one sentence for each."""
    taken = invoice.charged_back
    if taken is not None:
        back = amount(-taken.amount_cents, invoice.currency)
        yield f"Charged back by the payer's bank on {day(taken.at)}: {back}."
    for note in invoice.corrections:
        back = amount(-note.amount_cents, invoice.currency)
        yield f"Corrected by credit note {note.number} of {day(note.issued_at)}: {back}."


def payer(paid_by: PaidBy | None) -> str:
    """What was charged, in words."""
    if paid_by is None:
        return "payment"
    return (
        f"{str(paid_by.brand).title()} card ending in {paid_by.last4}" if paid_by.last4 else paid_by.provider
    )


def _by(invoice: InvoiceDocument) -> str:
    """Nothing where there was nothing to pay."""
    *others, last = [label for label, _ in payments_of(invoice)] or [""]
    if not last:
        return ""
    if invoice.paid_by is not None:
        last = f"{last}, payment {invoice.paid_by.payment_id}"
    return f" by {', '.join(others)} and {last}" if others else f" by {last}"
