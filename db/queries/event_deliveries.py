"""Deliveries of events: started, attempted, and settled. A delivery has rounds: each replay is one more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Interval, ScalarSelect, Update, cast, func, literal, or_, select, tuple_, update

from db.database import Connection
from db.tables.outbox import OutboxEvent
from db.tables.subscriptions import TimelineEntry
from db.tables.webhook_endpoints import EventDelivery, WebhookEndpoint
from domain.delivery import Answer, DeliveryStatus, EndpointStatus
from domain.events import EventName

START_AGAIN = timedelta(seconds=30)
"""Whoever claimed it may have died before its workflow was started."""

LAST_DELIVERED_IS_FRESH = timedelta(seconds=10)
"""An endpoint's row is not written for each of its deliveries: they would wait for one another."""


@dataclass(frozen=True)
class ToStart:
    """`trace_id` is of what brought the event about; `None` for what was announced long before it is due."""

    delivery_id: int
    round: int
    event_id: int
    endpoint_id: int
    event: str
    subscription_id: int | None
    trace_id: str | None


@dataclass(frozen=True)
class ToSend:
    """An event that is to be sent now, and what its receiver is to be sent."""

    endpoint_id: int
    url: str
    secret_version: int
    old_secret_until: datetime | None
    event_id: int
    event: str
    subscription_id: int | None
    sequence: int | None
    due_at: datetime
    details: dict[str, Any]


async def claim_to_start(connection: Connection, limit: int) -> list[ToStart]:
    """Pending deliveries whose workflow is to be started. Several who ask never get the same one."""
    due = (
        select(EventDelivery.id)
        .where(
            EventDelivery.status == DeliveryStatus.PENDING,
            EventDelivery.next_start_at <= func.now(),
        )
        .order_by(EventDelivery.next_start_at, EventDelivery.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    claimed = await connection.execute(
        update(EventDelivery)
        .where(EventDelivery.id == due.c.id, OutboxEvent.id == EventDelivery.event_id)
        .values(next_start_at=_from_now(START_AGAIN))
        .returning(
            EventDelivery.id,
            EventDelivery.round,
            EventDelivery.event_id,
            EventDelivery.endpoint_id,
            OutboxEvent.event,
            OutboxEvent.subscription_id,
            _trace_of_event(),
        )
    )
    return sorted((ToStart(*row) for row in claimed), key=lambda delivery: delivery.delivery_id)


def _trace_of_event() -> ScalarSelect[str | None]:
    """An event keeps none: it is the one of the entry of the timeline that was written with it."""
    seconds_apart = func.abs(func.extract("epoch", TimelineEntry.recorded_at - OutboxEvent.created_at))
    return (
        select(TimelineEntry.trace_id)
        .where(
            TimelineEntry.subscription_id == OutboxEvent.subscription_id,
            OutboxEvent.event != EventName.RENEWAL_UPCOMING,
            EventDelivery.round == 0,
        )
        .order_by(seconds_apart, TimelineEntry.id)
        .limit(1)
        .correlate(OutboxEvent, EventDelivery)
        .scalar_subquery()
    )


async def mark_started(connection: Connection, started: Sequence[ToStart], lives: timedelta) -> None:
    """Their workflows run. One that is still pending after it `lives` so long has lost its workflow."""
    rounds = [(delivery.delivery_id, delivery.round) for delivery in started]
    await connection.execute(
        update(EventDelivery)
        .where(
            tuple_(EventDelivery.id, EventDelivery.round).in_(rounds),
            EventDelivery.status == DeliveryStatus.PENDING,
        )
        .values(next_start_at=_from_now(lives))
    )


async def find_to_send(connection: Connection, delivery_id: int, round_no: int) -> ToSend | None:
    """`None` when it is settled, was replaced by a replay, or its endpoint takes nothing any more."""
    query = (
        select(
            WebhookEndpoint.id.label("endpoint_id"),
            WebhookEndpoint.url,
            WebhookEndpoint.secret_version,
            WebhookEndpoint.old_secret_until,
            OutboxEvent.id.label("event_id"),
            OutboxEvent.event,
            OutboxEvent.subscription_id,
            OutboxEvent.sequence,
            OutboxEvent.due_at,
            OutboxEvent.details,
        )
        .select_from(EventDelivery)
        .join(WebhookEndpoint, EventDelivery.endpoint_id == WebhookEndpoint.id)
        .join(OutboxEvent, EventDelivery.event_id == OutboxEvent.id)
        .where(
            EventDelivery.id == delivery_id,
            EventDelivery.round == round_no,
            EventDelivery.status == DeliveryStatus.PENDING,
            WebhookEndpoint.status == EndpointStatus.ENABLED,
        )
    )
    row = (await connection.execute(query)).one_or_none()
    return row and ToSend(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for the row as a mapping


async def record_attempt(connection: Connection, delivery_id: int, round_no: int, answer: Answer) -> None:
    """What came of it. What was delivered stays so, also when its endpoint was disabled meanwhile."""
    values: dict[str, Any] = {
        "attempts": EventDelivery.attempts + 1,
        "last_attempt_at": func.clock_timestamp(),
        "last_status_code": answer.status_code,
        "last_error": answer.error,
    }
    if answer.is_delivered:
        values |= {"status": DeliveryStatus.DELIVERED, "delivered_at": func.clock_timestamp()}
    await connection.execute(
        _of_round(delivery_id, round_no).where(EventDelivery.delivered_at.is_(None)).values(values)
    )


async def note_delivered(connection: Connection, endpoint_id: int) -> None:
    """The endpoint is alive."""
    stale = func.clock_timestamp() - cast(literal(LAST_DELIVERED_IS_FRESH), Interval)
    await connection.execute(
        update(WebhookEndpoint)
        .where(
            WebhookEndpoint.id == endpoint_id,
            or_(WebhookEndpoint.last_delivered_at.is_(None), WebhookEndpoint.last_delivered_at < stale),
        )
        .values(last_delivered_at=func.clock_timestamp())
    )


async def stop_delivery(connection: Connection, delivery_id: int, round_no: int) -> None:
    """What it tells of is over: it is not sent any more."""
    await connection.execute(
        _of_round(delivery_id, round_no)
        .where(EventDelivery.status == DeliveryStatus.PENDING)
        .values(status=DeliveryStatus.STOPPED)
    )


async def give_up(connection: Connection, delivery_id: int, round_no: int) -> int | None:
    """Returns the endpoint that never took it; `None` when it is settled already."""
    given_up = (
        _of_round(delivery_id, round_no)
        .where(EventDelivery.status == DeliveryStatus.PENDING)
        .values(status=DeliveryStatus.FAILED)
        .returning(EventDelivery.endpoint_id)
    )
    return (await connection.execute(given_up)).scalar_one_or_none()


def _of_round(delivery_id: int, round_no: int) -> Update:
    return update(EventDelivery).where(EventDelivery.id == delivery_id, EventDelivery.round == round_no)


def _from_now(duration: timedelta) -> Any:
    return func.clock_timestamp() + cast(literal(duration), Interval)
