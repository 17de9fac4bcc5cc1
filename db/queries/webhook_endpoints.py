"""Endpoints that are told of events: kept by staff, disabled by themselves, every change written down."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Interval, Row, cast, func, insert, literal, or_, select, update

from db.database import Connection
from db.queries.in_parts import ids_in_parts
from db.tables.webhook_endpoints import EventDelivery, WebhookEndpoint, WebhookEndpointChange
from domain.delivery import DeliveryStatus, DisabledReason, EndpointStatus


@dataclass(frozen=True)
class Endpoint:
    """`events`: `None` is all of them."""

    id: int
    url: str
    description: str
    events: list[str] | None
    status: str
    disabled_at: datetime | None
    disabled_reason: str | None
    secret_version: int
    old_secret_until: datetime | None
    last_delivered_at: datetime | None
    created_by: int
    created_at: datetime


@dataclass(frozen=True)
class By:
    """Who changes it; `None` is the product itself."""

    user_id: int | None
    trace_id: str


_ENDPOINT = select(
    WebhookEndpoint.id,
    WebhookEndpoint.url,
    WebhookEndpoint.description,
    WebhookEndpoint.events,
    WebhookEndpoint.status,
    WebhookEndpoint.disabled_at,
    WebhookEndpoint.disabled_reason,
    WebhookEndpoint.secret_version,
    WebhookEndpoint.old_secret_until,
    WebhookEndpoint.last_delivered_at,
    WebhookEndpoint.created_by,
    WebhookEndpoint.created_at,
).where(WebhookEndpoint.status != EndpointStatus.DELETED)


async def list_endpoints(connection: Connection, *, after_id: int | None, limit: int) -> list[Endpoint]:
    query = _ENDPOINT.where(WebhookEndpoint.id > (after_id or 0)).order_by(WebhookEndpoint.id).limit(limit)
    return [_endpoint(row) for row in await connection.execute(query)]


async def count_endpoints(connection: Connection) -> int:
    return (await connection.execute(select(func.count()).select_from(_ENDPOINT.subquery()))).scalar_one()


async def find_endpoint(connection: Connection, endpoint_id: int, *, lock: bool = False) -> Endpoint | None:
    query = _ENDPOINT.where(WebhookEndpoint.id == endpoint_id)
    row = (await connection.execute(query.with_for_update() if lock else query)).one_or_none()
    return row and _endpoint(row)


async def insert_endpoint(
    connection: Connection, *, url: str, description: str, events: list[str] | None, by: int
) -> int:
    values = {"url": url, "description": description, "events": events, "created_by": by}
    inserted = insert(WebhookEndpoint).values(values).returning(WebhookEndpoint.id)
    return (await connection.execute(inserted)).scalar_one()


async def change_endpoint(connection: Connection, endpoint_id: int, fields: Mapping[str, Any]) -> None:
    await connection.execute(
        update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id).values(dict(fields))
    )


async def rotate_secret(connection: Connection, endpoint_id: int, old_lives: timedelta) -> None:
    await connection.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id)
        .values(
            secret_version=WebhookEndpoint.secret_version + 1,
            old_secret_until=func.clock_timestamp() + cast(literal(old_lives), Interval),
        )
    )


async def enable(connection: Connection, endpoint_id: int) -> None:
    await connection.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id)
        .values(status=EndpointStatus.ENABLED, disabled_at=None, disabled_reason=None)
    )


async def stop(
    connection: Connection,
    endpoint_id: int,
    reason: DisabledReason,
    status: EndpointStatus = EndpointStatus.DISABLED,
) -> bool:
    """Disables or deletes it, and stops what is on its way to it. With publishing held.

    Whether it was enabled: nothing is changed about one that is disabled already, unless it is deleted.
    """
    replaced = [EndpointStatus.ENABLED]
    if status is EndpointStatus.DELETED:
        replaced.append(EndpointStatus.DISABLED)
    stopped = await connection.execute(
        update(WebhookEndpoint)
        .where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.status.in_(replaced))
        .values(status=status, disabled_at=func.clock_timestamp(), disabled_reason=reason)
    )
    if not stopped.rowcount:
        return False
    is_on_its_way = EventDelivery.status == DeliveryStatus.PENDING
    on_their_way = select(EventDelivery.id).where(EventDelivery.endpoint_id == endpoint_id, is_on_its_way)
    async for ids in ids_in_parts(connection, on_their_way, EventDelivery.id):
        still = update(EventDelivery).where(EventDelivery.id.in_(ids), is_on_its_way)
        await connection.execute(still.values(status=DeliveryStatus.STOPPED))
    return True


async def is_dead(connection: Connection, endpoint_id: int, silent_for: timedelta) -> bool:
    """Whether nothing was delivered to it for so long."""
    since = func.clock_timestamp() - cast(literal(silent_for), Interval)
    query = select(WebhookEndpoint.id).where(
        WebhookEndpoint.id == endpoint_id,
        or_(WebhookEndpoint.last_delivered_at.is_(None), WebhookEndpoint.last_delivered_at < since),
    )
    return (await connection.execute(query)).first() is not None


async def note_change(
    connection: Connection, endpoint_id: int, change: str, by: By, details: Mapping[str, Any]
) -> None:
    await connection.execute(
        insert(WebhookEndpointChange).values(
            endpoint_id=endpoint_id,
            change=change,
            changed_by=by.user_id,
            trace_id=by.trace_id,
            details=dict(details),
        )
    )


def _endpoint(row: Row[*tuple[Any, ...]]) -> Endpoint:
    return Endpoint(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for the row as a mapping
