"""Bodies about invoices. All amounts are cents of the currency beside them; prices include VAT."""

from typing import Self

from api.schemas.base import RequestBody, ResponseBody, UtcInstant
from api.schemas.payment_methods import OfferedMethodBody
from domain.correction import CreditNoteReason
from domain.invoice import InvoiceLine, InvoiceStatus
from domain.refund import RefundReason, RefundStatus


class LineBody(ResponseBody):
    kind: str
    description: str
    period_start: UtcInstant
    period_end: UtcInstant
    amount_cents: int

    @classmethod
    def of(cls, line: InvoiceLine) -> Self:
        """Of an invoice that is not written."""
        return cls(
            kind=line.kind,
            description=line.description,
            period_start=line.period.start,
            period_end=line.period.end,
            amount_cents=line.amount_cents,
        )


class PaymentBody(ResponseBody):
    """`action_url` is where its payer confirms it (3-D Secure), while that is waited for."""

    id: int
    attempt_no: int
    provider: str
    status: str
    amount_cents: int
    currency: str
    failure_code: str | None
    action_url: str | None
    created_at: UtcInstant
    settled_at: UtcInstant | None


class RefundBody(ResponseBody):
    """Money that goes back: `created` and `unknown` are on their way, `failed` gave nothing back."""

    id: int
    payment_id: int
    reason: RefundReason
    status: RefundStatus
    amount_cents: int
    currency: str
    created_at: UtcInstant
    settled_at: UtcInstant | None


class CreditNoteBody(ResponseBody):
    """Corrects a paid invoice. Its amount went back to the card by `refund_id`, to gift cards, to balance."""

    id: int
    number: str
    invoice_id: int
    refund_id: int | None
    reason: CreditNoteReason
    amount_cents: int
    card_cents: int
    gift_cents: int
    balance_cents: int
    net_cents: int
    vat_cents: int
    currency: str
    issued_at: UtcInstant


class InvoiceBody(ResponseBody):
    """`total_cents` is the subtotal less the discount. Gift cards and the customer's balance pay of it first;
    `amount_due_cents` is what is left to be charged: by the payment that succeeded, if any was needed.
    """

    id: int
    number: str | None
    subscription_id: int
    billing_reason: str
    status: InvoiceStatus
    currency: str
    promo_code: str | None
    subtotal_cents: int
    discount_cents: int
    total_cents: int
    gift_cents: int
    balance_cents: int
    amount_due_cents: int
    net_cents: int
    vat_cents: int
    vat_rate_bp: int
    period_start: UtcInstant
    period_end: UtcInstant
    finalized_at: UtcInstant | None
    paid_at: UtcInstant | None
    voided_at: UtcInstant | None
    lines: list[LineBody]
    payments: list[PaymentBody]
    refunds: list[RefundBody]
    credit_notes: list[CreditNoteBody]


class InvoicePage(ResponseBody):
    """`next_cursor` is null on the last page."""

    items: list[InvoiceBody]
    next_cursor: str | None


class PayBody(RequestBody):
    """Without a `payment_method` the subscription's own is charged; when it has none, a person pays."""

    payment_method: OfferedMethodBody | None = None


class InvoicePaymentBody(ResponseBody):
    """An invoice, and the payment that was asked for."""

    invoice_id: int
    invoice_status: InvoiceStatus
    payment: PaymentBody
