"""Payments: one row an attempt, settled by what the provider reports."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from db.database import Connection
from db.tables.billing import Invoice, Payment
from domain.billing_calendar import Period
from domain.invoice import InvoiceStatus
from domain.payment import PaymentStatus, PaymentTerms, payment_key


@dataclass(frozen=True)
class Billed:
    """A payment with the invoice that it is for."""

    payment_id: int
    payment: PaymentTerms
    invoice_id: int
    invoice_status: InvoiceStatus
    subscription_id: int
    period: Period
    net_cents: int
    vat_cents: int


_BILLED = (
    select(
        Payment.id,
        Payment.status,
        Payment.amount_cents,
        Payment.currency,
        Payment.invoice_id,
        Invoice.status.label("invoice_status"),
        Invoice.subscription_id,
        Invoice.period_start,
        Invoice.period_end,
        Invoice.net_cents,
        Invoice.vat_cents,
    )
    .join(Invoice, Payment.invoice_id == Invoice.id)
    .with_for_update(of=Payment, key_share=True)
)


async def insert_attempt(
    connection: Connection,
    *,
    invoice_id: int,
    attempt_no: int,
    provider: str,
    amount_cents: int,
    currency: str,
    at: datetime,
) -> int:
    """Returns the id of an attempt that waits for its provider."""
    return (
        await connection.execute(
            insert(Payment)
            .values(
                invoice_id=invoice_id,
                attempt_no=attempt_no,
                provider=provider,
                status=PaymentStatus.PENDING,
                amount_cents=amount_cents,
                currency=currency,
                idempotency_key=payment_key(invoice_id, attempt_no),
                created_at=at,
            )
            .returning(Payment.id)
        )
    ).scalar_one()


async def find_subscription_of(connection: Connection, payment_id: int) -> int:
    """Raises `sqlalchemy.exc.NoResultFound` when there is no such payment."""
    query = (
        select(Invoice.subscription_id)
        .join(Payment, Payment.invoice_id == Invoice.id)
        .where(Payment.id == payment_id)
    )
    return (await connection.execute(query)).scalar_one()


async def lock_payment(connection: Connection, payment_id: int) -> Billed:
    """Raises `sqlalchemy.exc.NoResultFound` when there is no such payment."""
    row = (await connection.execute(_BILLED.where(Payment.id == payment_id))).one()
    return _billed(row)


async def lock_payment_of_invoice(connection: Connection, invoice_id: int) -> Billed:
    """The newest attempt of the invoice. Raises `sqlalchemy.exc.NoResultFound` when there is none."""
    newest = _BILLED.where(Payment.invoice_id == invoice_id).order_by(Payment.attempt_no.desc()).limit(1)
    return _billed((await connection.execute(newest)).one())


async def mark_succeeded(connection: Connection, payment_id: int, received_cents: int, at: datetime) -> None:
    await connection.execute(
        update(Payment)
        .where(Payment.id == payment_id)
        .values(
            status=PaymentStatus.SUCCEEDED, received_cents=received_cents, settled_at=at, failure_code=None
        )
    )


async def mark_failed(connection: Connection, payment_id: int, failure_code: str, at: datetime) -> None:
    """A payment that has succeeded stays succeeded."""
    await connection.execute(
        update(Payment)
        .where(Payment.id == payment_id, Payment.status == PaymentStatus.PENDING)
        .values(status=PaymentStatus.FAILED, failure_code=failure_code, settled_at=at)
    )


def _billed(row: Row[*tuple[Any, ...]]) -> Billed:
    return Billed(
        payment_id=row.id,
        payment=PaymentTerms(PaymentStatus(row.status), row.amount_cents, row.currency),
        invoice_id=row.invoice_id,
        invoice_status=InvoiceStatus(row.invoice_status),
        subscription_id=row.subscription_id,
        period=Period(row.period_start, row.period_end),
        net_cents=row.net_cents,
        vat_cents=row.vat_cents,
    )
