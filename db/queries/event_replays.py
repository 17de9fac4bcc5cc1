"""Sends events once more: those that staff name, and those that an endpoint has missed while it was disabled.

With publishing held, so that none is missed that goes out at the same moment.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from db.database import Connection
from db.queries import in_parts
from db.queries.in_parts import ids_in_parts
from db.tables.outbox import OutboxEvent
from db.tables.webhook_endpoints import EventDelivery, WebhookEndpoint
from domain.delivery import DeliveryStatus
from domain.events import NAMED_ONLY

COUNTED = {"preserve_rowcount": True}
"""SQLAlchemy does not count what is inserted unless it is told to."""

_IS_FOR_ALL = OutboxEvent.event.not_in(sorted(NAMED_ONLY))
_IS_NAMED = OutboxEvent.event == func.any(WebhookEndpoint.events)
_IS_TAKEN = or_(WebhookEndpoint.events.is_(None) & _IS_FOR_ALL, _IS_NAMED)

_ANEW: dict[str, Any] = {
    "status": DeliveryStatus.PENDING,
    "round": EventDelivery.round + 1,
    "attempts": 0,
    "last_attempt_at": None,
    "last_status_code": None,
    "last_error": None,
    "delivered_at": None,
    "next_start_at": func.statement_timestamp(),  # one for all: they are started in the order of their ids
}


async def count_since(connection: Connection, endpoint_id: int, since: datetime, limit: int) -> int:
    """How many events it takes that were published since then, at most `limit`."""
    found = _taken_by(endpoint_id, OutboxEvent.published_at >= since).limit(limit).subquery()
    return (await connection.execute(select(func.count()).select_from(found))).scalar_one()


async def replay_since(connection: Connection, endpoint_id: int, since: datetime) -> int:
    """Returns how many are sent again. What is on its way already is sent once."""
    return await _deliver_anew(connection, _taken_by(endpoint_id, OutboxEvent.published_at >= since))


async def replay_events(connection: Connection, endpoint_id: int, event_ids: Sequence[int]) -> int:
    """Also those that the endpoint does not take by itself, but for what goes only where it is named."""
    named = (
        select(OutboxEvent.id, WebhookEndpoint.id)
        .join(WebhookEndpoint, WebhookEndpoint.id == endpoint_id)
        .where(
            OutboxEvent.id.in_(event_ids),
            OutboxEvent.published_at.is_not(None),
            or_(_IS_FOR_ALL, _IS_NAMED),
        )
        .order_by(OutboxEvent.id)
    )
    return await _deliver_anew(connection, named)


async def find_unpublished(connection: Connection, event_ids: Sequence[int]) -> list[int]:
    """Those of them that there are not, or that are not due yet."""
    published = select(OutboxEvent.id).where(
        OutboxEvent.id.in_(event_ids), OutboxEvent.published_at.is_not(None)
    )
    found = set((await connection.execute(published)).scalars())
    return sorted(set(event_ids) - found)


async def make_up_for(connection: Connection, endpoint_id: int, disabled_at: datetime) -> int:
    """What it has not taken and what was published while it was disabled, of what it takes by now.

    Returns how many these are.
    """
    reopened = await _reopen(connection, endpoint_id)
    return reopened + await _deliver_missed(connection, endpoint_id, disabled_at)


async def _reopen(connection: Connection, endpoint_id: int) -> int:
    was_not_taken = EventDelivery.status.in_((DeliveryStatus.STOPPED, DeliveryStatus.FAILED))
    not_taken = (
        select(EventDelivery.id)
        .join(WebhookEndpoint, WebhookEndpoint.id == EventDelivery.endpoint_id)
        .join(OutboxEvent, OutboxEvent.id == EventDelivery.event_id)
        .where(EventDelivery.endpoint_id == endpoint_id, was_not_taken, _IS_TAKEN)
    )
    total = 0
    async for ids in ids_in_parts(connection, not_taken, EventDelivery.id):
        reopened = await connection.execute(
            update(EventDelivery).where(EventDelivery.id.in_(ids), was_not_taken).values(_ANEW)
        )
        total += reopened.rowcount
    return total


async def _deliver_missed(connection: Connection, endpoint_id: int, disabled_at: datetime) -> int:
    """In the order in which they were published, which is what is indexed."""
    total, last = 0, 0
    since: datetime | None = disabled_at
    while True:
        found = await connection.execute(
            select(OutboxEvent.published_at, OutboxEvent.id)
            .where(
                OutboxEvent.published_at >= since,
                or_(OutboxEvent.published_at > since, OutboxEvent.id > last),
            )
            .order_by(OutboxEvent.published_at, OutboxEvent.id)
            .limit(in_parts.AT_ONCE)
        )
        part = found.all()
        if not part:
            return total
        missed = _taken_by(endpoint_id, OutboxEvent.id.in_([event_id for _, event_id in part]))
        inserted = await connection.execute(
            upsert(EventDelivery).from_select(["event_id", "endpoint_id"], missed).on_conflict_do_nothing(),
            execution_options=COUNTED,
        )
        total += inserted.rowcount
        [*_, (since, last)] = part


async def _deliver_anew(connection: Connection, events: Select[int, int]) -> int:
    written = upsert(EventDelivery).from_select(["event_id", "endpoint_id"], events)
    sent = await connection.execute(
        written.on_conflict_do_update(
            index_elements=[EventDelivery.event_id, EventDelivery.endpoint_id],
            set_=_ANEW,
            where=EventDelivery.status != DeliveryStatus.PENDING,
        ),
        execution_options=COUNTED,
    )
    return sent.rowcount


def _taken_by(endpoint_id: int, which: ColumnElement[bool]) -> Select[int, int]:
    return (
        select(OutboxEvent.id, WebhookEndpoint.id)
        .join(WebhookEndpoint, WebhookEndpoint.id == endpoint_id)
        .where(
            which,
            _IS_TAKEN,
        )
        .order_by(OutboxEvent.id)
    )
