"""Our payments as they are held against a provider's own book of charges."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from db.database import Connection


@dataclass(frozen=True)
class BookedPayment:
    """`is_moving`: something of it was begun after `young`, or is not settled yet."""

    payment_id: int
    subscription_id: int
    recorded_at: datetime
    status: str
    received_cents: int | None
    currency: str
    refunded_cents: int
    charged_back_cents: int
    is_moving: bool


_BOOKED = text(
    "SELECT p.id, i.subscription_id, p.recorded_at, p.status, p.received_cents, p.currency,"
    " coalesce(r.cents, 0)::bigint AS refunded_cents, coalesce(d.amount_cents, 0) AS charged_back_cents,"
    " coalesce(r.is_moving, false) OR coalesce(d.recorded_at > :young, false) OR EXISTS"
    "  (SELECT FROM webhook_inbox w WHERE w.payment_id = p.id AND w.status = 'received') AS is_moving"
    " FROM payments p JOIN invoices i ON i.id = p.invoice_id"
    " LEFT JOIN disputes d ON d.payment_id = p.id"
    " LEFT JOIN (SELECT payment_id, sum(amount_cents) FILTER (WHERE status = 'succeeded') AS cents,"
    "  bool_or(status IN ('created', 'unknown') OR recorded_at > :young) AS is_moving"
    "  FROM refunds GROUP BY payment_id) r ON r.payment_id = p.id"
    " WHERE p.provider = :provider AND p.id = ANY(:ids)"
)

_RECEIVED = text(
    "SELECT p.id FROM payments p WHERE p.provider = :provider AND p.status = 'succeeded'"
    " AND p.recorded_at >= :since AND p.recorded_at < :until AND p.id > :after ORDER BY p.id LIMIT :limit"
)


async def find_booked(
    connection: Connection, provider: str, payment_ids: Sequence[int], young: datetime
) -> dict[int, BookedPayment]:
    """By id; what is not a payment of that provider's is left out. Younger than `young` is on its way."""
    parameters = {"provider": provider, "ids": list(payment_ids), "young": young}
    rows = await connection.execute(_BOOKED, parameters)
    return {row.id: BookedPayment(*row) for row in rows}


async def list_received(
    connection: Connection, provider: str, *, since: datetime, until: datetime, after_id: int, limit: int
) -> list[int]:
    """Ids of that provider's payments that succeeded and were opened then, by our clock."""
    parameters = {
        "provider": provider,
        "since": since,
        "until": until,
        "after": after_id,
        "limit": limit,
    }
    return list((await connection.execute(_RECEIVED, parameters)).scalars())
