"""Payments as staff look for them: those nobody knows the end of, those that failed; the newest first."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from db.database import Connection
from db.tables.billing import Invoice, Payment
from domain.payment import PaymentStatus


@dataclass(frozen=True)
class PaymentFilter:
    """What is `None` is not asked for."""

    status: PaymentStatus | None = None
    user_id: int | None = None
    subscription_id: int | None = None
    invoice_id: int | None = None


@dataclass(frozen=True)
class FoundPayment:
    """One attempt. `dunning_attempt` counts the automatic ones; `reference` is the provider's own id."""

    id: int
    invoice_id: int
    user_id: int
    subscription_id: int
    provider: str
    status: PaymentStatus
    attempt_no: int
    dunning_attempt: int | None
    amount_cents: int
    received_cents: int | None
    currency: str
    reference: str | None
    failure_code: str | None
    created_at: datetime
    settled_at: datetime | None


_FOUND = select(
    Payment.id,
    Payment.invoice_id,
    Invoice.user_id,
    Invoice.subscription_id,
    Payment.provider,
    Payment.status,
    Payment.attempt_no,
    Payment.dunning_attempt,
    Payment.amount_cents,
    Payment.received_cents,
    Payment.currency,
    Payment.reference,
    Payment.failure_code,
    Payment.created_at,
    Payment.settled_at,
).join(Invoice, Payment.invoice_id == Invoice.id)


async def search_payments(
    connection: Connection, only: PaymentFilter, *, before_id: int | None, limit: int
) -> list[FoundPayment]:
    """From the one before `before_id` on."""
    query = _FOUND.order_by(Payment.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(Payment.id < before_id)
    if only.status is not None:
        query = query.where(Payment.status == only.status)
    if only.user_id is not None:
        query = query.where(Invoice.user_id == only.user_id)
    if only.subscription_id is not None:
        query = query.where(Invoice.subscription_id == only.subscription_id)
    if only.invoice_id is not None:
        query = query.where(Payment.invoice_id == only.invoice_id)
    return [
        FoundPayment(**{**row._mapping, "status": PaymentStatus(row.status)})  # noqa: SLF001 - its public name
        for row in await connection.execute(query)
    ]
