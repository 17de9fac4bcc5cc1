"""Refunds as people see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select

from db.database import Connection
from db.tables.billing import Refund
from db.tables.messages import Note


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
