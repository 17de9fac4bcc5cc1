"""Events and their deliveries, as staff look at them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from db.database import Connection
from db.tables.outbox import OutboxEvent
from db.tables.webhook_endpoints import EventDelivery, WebhookEndpoint
from domain.delivery import DeliveryStatus, EndpointStatus


@dataclass(frozen=True)
class PublishedEvent:
    id: int
    event: str
    subscription_id: int | None
    sequence: int | None
    timestamp: datetime
    published_at: datetime
    data: dict[str, Any]


@dataclass(frozen=True)
class DeliveryOutcome:
    status: str
    round: int
    attempts: int
    last_attempt_at: datetime | None
    last_status_code: int | None
    last_error: str | None
    delivered_at: datetime | None


@dataclass(frozen=True)
class DeliveryView(DeliveryOutcome):
    """To one endpoint, of any event."""

    id: int
    event_id: int
    event: str
    subscription_id: int | None
    sequence: int | None
    created_at: datetime


@dataclass(frozen=True)
class DeliveryOf(DeliveryOutcome):
    """Of one event, to one endpoint."""

    endpoint_id: int
    url: str


@dataclass(frozen=True)
class EventCounts:
    """`unpublished_for`: since when the oldest fact waits to be published; nothing when none does."""

    unpublished_for: timedelta
    undelivered: int
    endpoints_disabled: int


_OUTCOME = (
    EventDelivery.status,
    EventDelivery.round,
    EventDelivery.attempts,
    EventDelivery.last_attempt_at,
    EventDelivery.last_status_code,
    EventDelivery.last_error,
    EventDelivery.delivered_at,
)

_PUBLISHED = select(
    OutboxEvent.id,
    OutboxEvent.event,
    OutboxEvent.subscription_id,
    OutboxEvent.sequence,
    OutboxEvent.due_at.label("timestamp"),
    OutboxEvent.published_at,
    OutboxEvent.details.label("data"),
).where(OutboxEvent.published_at.is_not(None))


async def list_published(
    connection: Connection, *, after_id: int | None, limit: int, subscription_id: int | None
) -> list[PublishedEvent]:
    """In the order in which they were written."""
    query = _PUBLISHED.where(OutboxEvent.id > (after_id or 0)).order_by(OutboxEvent.id).limit(limit)
    if subscription_id is not None:
        query = query.where(OutboxEvent.subscription_id == subscription_id)
    return [PublishedEvent(**row._mapping) for row in await connection.execute(query)]  # noqa: SLF001 - SQLAlchemy's public name for the row as a mapping


async def find_published(connection: Connection, event_id: int) -> PublishedEvent | None:
    row = (await connection.execute(_PUBLISHED.where(OutboxEvent.id == event_id))).first()
    return None if row is None else PublishedEvent(**row._mapping)  # noqa: SLF001 - as above


async def list_deliveries_of(connection: Connection, event_id: int) -> list[DeliveryOf]:
    """By endpoint."""
    query = (
        select(
            EventDelivery.endpoint_id,
            WebhookEndpoint.url,
            *_OUTCOME,
        )
        .join(WebhookEndpoint, EventDelivery.endpoint_id == WebhookEndpoint.id)
        .where(EventDelivery.event_id == event_id)
        .order_by(EventDelivery.endpoint_id)
    )
    return [DeliveryOf(**row._mapping) for row in await connection.execute(query)]  # noqa: SLF001 - as above


async def list_deliveries(
    connection: Connection, endpoint_id: int, *, after_id: int | None, limit: int
) -> list[DeliveryView]:
    query = (
        select(
            EventDelivery.id,
            EventDelivery.event_id,
            OutboxEvent.event,
            OutboxEvent.subscription_id,
            OutboxEvent.sequence,
            *_OUTCOME,
            EventDelivery.created_at,
        )
        .join(OutboxEvent, EventDelivery.event_id == OutboxEvent.id)
        .where(EventDelivery.endpoint_id == endpoint_id, EventDelivery.id > (after_id or 0))
        .order_by(EventDelivery.id)
        .limit(limit)
    )
    return [DeliveryView(**row._mapping) for row in await connection.execute(query)]  # noqa: SLF001 - as above


async def count_events(connection: Connection) -> EventCounts:
    """What tells whether events go out, for Prometheus."""
    oldest = (
        select(func.min(OutboxEvent.created_at))
        .where(OutboxEvent.published_at.is_(None), OutboxEvent.event != "renewal.upcoming")
        .scalar_subquery()
    )
    undelivered = (
        select(func.count())
        .select_from(EventDelivery)
        .where(EventDelivery.status == DeliveryStatus.PENDING)
        .scalar_subquery()
    )
    disabled = (
        select(func.count())
        .select_from(WebhookEndpoint)
        .where(WebhookEndpoint.status == EndpointStatus.DISABLED)
        .scalar_subquery()
    )
    row = (await connection.execute(select(func.clock_timestamp() - oldest, undelivered, disabled))).one()
    return EventCounts(row[0] or timedelta(), row[1], row[2])
