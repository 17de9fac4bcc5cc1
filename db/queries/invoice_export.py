"""Finalized invoices, many of them, as they are handed to an accountant."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import InstrumentedAttribute

from db.database import Connection
from db.queries.users import BUYER_EMAIL
from db.tables.accounts import User
from db.tables.billing import Invoice, Payment, Refund
from db.tables.corrections import CreditNote
from domain.invoice import InvoiceStatus
from domain.refund import RefundStatus
from domain.window import Window

ROWS_AT_ONCE = 500

REACHED_AT: Mapping[InvoiceStatus, InstrumentedAttribute[datetime | None]] = {
    InvoiceStatus.OPEN: Invoice.finalized_at,
    InvoiceStatus.PAID: Invoice.paid_at,
    InvoiceStatus.VOID: Invoice.voided_at,
    InvoiceStatus.UNCOLLECTIBLE: Invoice.written_off_at,
}
"""When it came to its status. It does so once: windows that follow each other share and miss no invoice."""

_REFUNDED = (
    select(func.coalesce(func.sum(Refund.amount_cents), 0))
    .where(Refund.payment_id == Invoice.paid_by_payment_id, Refund.status == RefundStatus.SUCCEEDED)
    .scalar_subquery()
)

_CREDITED = (
    select(func.coalesce(func.sum(CreditNote.amount_cents), 0))
    .where(CreditNote.invoice_id == Invoice.id)
    .scalar_subquery()
)

_EXPORTED = (
    select(
        Invoice.number,
        Invoice.id.label("invoice_id"),
        Invoice.subscription_id,
        Invoice.user_id,
        BUYER_EMAIL.label("buyer_email"),
        Invoice.billing_reason,
        Invoice.status,
        Invoice.currency,
        Invoice.total_cents,
        Invoice.net_cents,
        Invoice.vat_cents,
        Invoice.vat_rate_bp,
        _REFUNDED.label("refunded_cents"),
        Invoice.period_start,
        Invoice.period_end,
        Invoice.finalized_at,
        Invoice.paid_at,
        Invoice.voided_at,
        Invoice.written_off_at,
        Invoice.paid_by_payment_id.label("payment_id"),
        Payment.provider.label("payment_provider"),
        Payment.reference.label("payment_reference"),
        (Invoice.total_cents + Invoice.discount_cents).label("subtotal_cents"),
        Invoice.discount_cents,
        Invoice.promo_code,
        Invoice.gift_cents,
        Invoice.balance_cents,
        (Invoice.total_cents - Invoice.gift_cents - Invoice.balance_cents).label("amount_due_cents"),
        _CREDITED.label("credited_cents"),
    )
    .join(User, User.id == Invoice.user_id)
    .outerjoin(Payment, Payment.id == Invoice.paid_by_payment_id)
    .order_by(Invoice.id)
)

COLUMNS = tuple(_EXPORTED.selected_columns.keys())
"""Their names and order are read by programs: new ones go to the end."""


@asynccontextmanager
async def stream_invoices(
    connection: Connection, status: InvoiceStatus, window: Window
) -> AsyncIterator[AsyncIterator[Sequence[Row[*tuple[Any, ...]]]]]:
    """Some hundred at a time, out of one cursor: all of them as they were when it was opened."""
    reached_at = REACHED_AT[status]
    query = _EXPORTED.where(Invoice.status == status)
    if window.start is not None:
        query = query.where(reached_at >= window.start)
    if window.end is not None:
        query = query.where(reached_at < window.end)
    result = await connection.stream(query, execution_options={"yield_per": ROWS_AT_ONCE})
    try:
        yield result.partitions()
    finally:
        await result.close()
