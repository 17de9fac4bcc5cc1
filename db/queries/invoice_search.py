"""Invoices as staff look for them: the newest first, a page at a time, without their lines."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from db.database import Connection
from db.tables.billing import Invoice
from domain.invoice import InvoiceStatus


@dataclass(frozen=True)
class InvoiceFilter:
    """What is `None` is not asked for. The number is compared as a whole."""

    status: InvoiceStatus | None = None
    user_id: int | None = None
    subscription_id: int | None = None
    number: str | None = None


@dataclass(frozen=True)
class FoundInvoice:
    """`amount_due_cents` is what is left to be charged after promo, gift cards and balance."""

    id: int
    number: str | None
    user_id: int
    subscription_id: int
    billing_reason: str
    status: InvoiceStatus
    currency: str
    total_cents: int
    amount_due_cents: int
    period_start: datetime
    period_end: datetime
    finalized_at: datetime | None
    paid_at: datetime | None


_FOUND = select(
    Invoice.id,
    Invoice.number,
    Invoice.user_id,
    Invoice.subscription_id,
    Invoice.billing_reason,
    Invoice.status,
    Invoice.currency,
    Invoice.total_cents,
    (Invoice.total_cents - Invoice.gift_cents - Invoice.balance_cents).label("amount_due_cents"),
    Invoice.period_start,
    Invoice.period_end,
    Invoice.finalized_at,
    Invoice.paid_at,
)


async def search_invoices(
    connection: Connection, only: InvoiceFilter, *, before_id: int | None, limit: int
) -> list[FoundInvoice]:
    """From the one before `before_id` on."""
    query = _FOUND.order_by(Invoice.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(Invoice.id < before_id)
    if only.status is not None:
        query = query.where(Invoice.status == only.status)
    if only.user_id is not None:
        query = query.where(Invoice.user_id == only.user_id)
    if only.subscription_id is not None:
        query = query.where(Invoice.subscription_id == only.subscription_id)
    if only.number is not None:
        query = query.where(Invoice.number == only.number)
    return [
        FoundInvoice(**{**row._mapping, "status": InvoiceStatus(row.status)})  # noqa: SLF001 - its public name
        for row in await connection.execute(query)
    ]
