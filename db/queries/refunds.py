"""Refunds: opened once under their key, then settled by what the provider says."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from db.database import Connection
from db.tables.billing import Invoice, Payment, Refund
from db.tables.subscriptions import Period
from domain.billing_calendar import Period as BillingPeriod
from domain.invoice import InvoiceStatus
from domain.payment import PaymentStatus
from domain.refund import RefundReason, RefundStatus


@dataclass(frozen=True)
class RefundOrder:
    """`key` names what is given back and why, so that it is given back once."""

    payment_id: int
    key: str
    reason: RefundReason
    amount_cents: int
    currency: str
    actor: str
    trace_id: str
    note_id: int | None = None


@dataclass(frozen=True)
class Received:
    """A payment of a paid invoice, what is left of it, and the paid time that it bought."""

    payment_id: int
    left_cents: int
    currency: str
    period: BillingPeriod | None


async def insert_refund(connection: Connection, order: RefundOrder, at: datetime) -> int | None:
    """Returns its id, or `None` when it was opened before. A trigger refuses more than was received."""
    return (
        await connection.execute(
            upsert(Refund)
            .values(
                payment_id=order.payment_id,
                key=order.key,
                reason=order.reason,
                status=RefundStatus.CREATED,
                amount_cents=order.amount_cents,
                currency=order.currency,
                actor=order.actor,
                note_id=order.note_id,
                trace_id=order.trace_id,
                created_at=at,
            )
            .on_conflict_do_nothing(index_elements=[Refund.key])
            .returning(Refund.id)
        )
    ).scalar_one_or_none()


async def find_unsent(connection: Connection, subscription_id: int) -> tuple[int, ...]:
    """The refunds of a subscription that nobody has told their provider of."""
    query = (
        select(Refund.id)
        .join(Payment, Refund.payment_id == Payment.id)
        .join(Invoice, Payment.invoice_id == Invoice.id)
        .where(Invoice.subscription_id == subscription_id, Refund.status == RefundStatus.CREATED)
        .order_by(Refund.id)
    )
    return tuple((await connection.execute(query)).scalars())


async def list_received(connection: Connection, subscription_id: int) -> list[Received]:
    """What was paid for a subscription's invoices and not given back yet."""
    returned = (
        select(func.coalesce(func.sum(Refund.amount_cents), 0))
        .where(Refund.payment_id == Payment.id, Refund.status != RefundStatus.FAILED)
        .scalar_subquery()
    )
    query = (
        select(
            Payment.id,
            (Payment.received_cents - returned).label("left_cents"),
            Payment.currency,
            Period.during,
        )
        .join(Invoice, Payment.invoice_id == Invoice.id)
        .outerjoin(Period, Period.invoice_id == Invoice.id)
        .where(
            Invoice.subscription_id == subscription_id,
            Invoice.status == InvoiceStatus.PAID,
            Payment.status == PaymentStatus.SUCCEEDED,
        )
        .order_by(Payment.id)
    )
    return [
        Received(
            row.id,
            row.left_cents,
            row.currency,
            row.during and BillingPeriod(row.during.lower, row.during.upper),
        )
        for row in await connection.execute(query)
        if row.left_cents > 0
    ]
