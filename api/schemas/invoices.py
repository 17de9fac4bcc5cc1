"""Bodies about invoices. All amounts are cents of the currency beside them; prices include VAT."""

from api.schemas.base import ResponseBody, UtcInstant
from domain.invoice import InvoiceStatus


class LineBody(ResponseBody):
    kind: str
    description: str
    period_start: UtcInstant
    period_end: UtcInstant
    amount_cents: int


class PaymentBody(ResponseBody):
    id: int
    attempt_no: int
    provider: str
    status: str
    amount_cents: int
    currency: str
    failure_code: str | None
    created_at: UtcInstant
    settled_at: UtcInstant | None


class InvoiceBody(ResponseBody):
    id: int
    number: str | None
    subscription_id: int
    billing_reason: str
    status: InvoiceStatus
    currency: str
    total_cents: int
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


class InvoicePage(ResponseBody):
    """`next_cursor` is null on the last page."""

    items: list[InvoiceBody]
    next_cursor: str | None
