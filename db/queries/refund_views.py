"""What can be refunded of a payment, and what has been."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Row, Select, cast, func, select

from db.database import Connection
from db.queries.disputes import disputed_of
from db.tables.billing import Invoice, Payment, Refund
from db.tables.messages import Note
from db.tables.subscriptions import Subscription
from domain.refund import RefundStatus


@dataclass(frozen=True)
class RefundablePayment:
    """`left_cents` is what was received and is not on its way back, `disputed_cents` was charged back.

    `clock_offset` is its subscription's.
    """

    payment_id: int
    invoice_id: int
    subscription_id: int
    provider: str
    status: str
    amount_cents: int
    received_cents: int | None
    left_cents: int
    disputed_cents: int
    currency: str
    clock_offset: timedelta


@dataclass(frozen=True)
class RefundView:
    """`actor` is who asked for it, `note` what they wrote about it."""

    id: int
    payment_id: int
    reason: str
    status: str
    amount_cents: int
    currency: str
    actor: str
    note: str | None
    reference: str | None
    trace_id: str
    created_at: datetime
    settled_at: datetime | None


_DISPUTED = disputed_of(Payment.id)
_RETURNED = (
    select(cast(func.coalesce(func.sum(Refund.amount_cents), 0), BigInteger))
    .where(Refund.payment_id == Payment.id, Refund.status != RefundStatus.FAILED)
    .scalar_subquery()
)
_REFUNDABLE = (
    select(
        Payment.id.label("payment_id"),
        Payment.invoice_id,
        Invoice.subscription_id,
        Payment.provider,
        Payment.status,
        Payment.amount_cents,
        Payment.received_cents,
        func.greatest(func.coalesce(Payment.received_cents, 0) - _RETURNED - _DISPUTED, 0).label(
            "left_cents"
        ),
        _DISPUTED.label("disputed_cents"),
        Payment.currency,
        Subscription.clock_offset,
    )
    .join(Invoice, Payment.invoice_id == Invoice.id)
    .join(Subscription, Invoice.subscription_id == Subscription.id)
)

_REFUNDS = (
    select(
        Refund.id,
        Refund.payment_id,
        Refund.reason,
        Refund.status,
        Refund.amount_cents,
        Refund.currency,
        Refund.actor,
        Note.text.label("note"),
        Refund.reference,
        Refund.trace_id,
        Refund.created_at,
        Refund.settled_at,
    )
    .outerjoin(Note, Refund.note_id == Note.id)
    .order_by(Refund.id)
)


async def find_payment(connection: Connection, payment_id: int) -> RefundablePayment | None:
    row = (await connection.execute(_REFUNDABLE.where(Payment.id == payment_id))).one_or_none()
    return None if row is None else RefundablePayment(**_fields(row))


async def find_refundable(connection: Connection, payment_id: int) -> RefundablePayment:
    """Raises `sqlalchemy.exc.NoResultFound` when there is no such payment."""
    row = (await connection.execute(_REFUNDABLE.where(Payment.id == payment_id))).one()
    return RefundablePayment(**_fields(row))


async def list_refunds(connection: Connection, payment_ids: Sequence[int]) -> list[RefundView]:
    """The refunds of these payments, the first one first."""
    return await _read(connection, _REFUNDS.where(Refund.payment_id.in_(payment_ids)))


async def find_refund(connection: Connection, key: str) -> RefundView | None:
    found = await _read(connection, _REFUNDS.where(Refund.key == key))
    return found[0] if found else None


async def _read(connection: Connection, query: Select[*tuple[Any, ...]]) -> list[RefundView]:
    return [RefundView(**_fields(row)) for row in await connection.execute(query)]


def _fields(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for the row as a mapping
