"""What goes out. The announcement of a renewal follows the renewal: moved with it, dropped with it."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    Executable,
    bindparam,
    delete,
    func,
    literal,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.sql.dml import Insert, ReturningInsert, ReturningUpdate

from db.database import Connection
from db.tables.outbox import OutboxEvent
from domain.events import EventName, OutgoingEvent

Written = ReturningInsert[*tuple[Any, ...]] | ReturningUpdate[*tuple[Any, ...]]


async def append_event(connection: Connection, event: OutgoingEvent) -> None:
    """Once: under its key it is there already."""
    await connection.execute(upsert(OutboxEvent).values(event_row(event)).on_conflict_do_nothing())


def insert_beside(fact: Insert) -> Executable:
    """One statement for a new row and its event, which `event_row` makes the parameters of."""
    columns = ("subscription_id", "event", "key", "due_at", "details")
    told = upsert(OutboxEvent).values({name: bindparam(name) for name in columns})
    return told.add_cte(fact.cte("fact")).on_conflict_do_nothing()


async def write_telling(connection: Connection, fact: Written, event: OutgoingEvent) -> None:
    """A fact and its event in one statement: neither without the other, nor when it was a fact before.

    What `fact` returns joins the details. A number that it takes is held for no further question.
    """
    written = fact.cte("written")
    known = func.to_jsonb(literal_column(written.name))
    row: dict[str, ColumnElement[Any]] = {
        name: literal(value, OutboxEvent.__table__.c[name].type) for name, value in event_row(event).items()
    }
    row["details"] = literal(dict(event.details), JSONB).op("||")(known)
    told = upsert(OutboxEvent).from_select(list(row), select(*row.values()).select_from(written))
    await connection.execute(told.on_conflict_do_nothing())


async def announce_renewal(connection: Connection, event: OutgoingEvent, at: datetime) -> None:
    """In the place of what was announced and is not due at `at` yet. What was due stays as it was said."""
    said = (
        upsert(OutboxEvent)
        .values(event_row(event))
        .add_cte(_not_due(event.subscription_id, at, event.key).cte("dropped"))
    )
    await connection.execute(
        said.on_conflict_do_update(
            index_elements=[OutboxEvent.key],
            set_={"details": said.excluded.details},
            where=(OutboxEvent.due_at > at) & OutboxEvent.published_at.is_(None),
        )
    )


async def drop_announcement(connection: Connection, subscription_id: int, at: datetime) -> None:
    """No renewal is coming: what is not due at `at` yet is taken back."""
    await connection.execute(_not_due(subscription_id, at))


def _not_due(subscription_id: int | None, at: datetime, but_key: str | None = None) -> Delete:
    announced = delete(OutboxEvent).where(
        OutboxEvent.subscription_id == subscription_id,
        OutboxEvent.event == EventName.RENEWAL_UPCOMING,
        OutboxEvent.due_at > at,
        OutboxEvent.published_at.is_(None),  # a clock that is behind takes nothing back that has gone out
    )
    return announced if but_key is None else announced.where(OutboxEvent.key.is_distinct_from(but_key))


def event_row(event: OutgoingEvent) -> dict[str, Any]:
    return {
        "subscription_id": event.subscription_id,
        "event": event.name,
        "key": event.key,
        "due_at": event.due_at,
        "details": dict(event.details),
    }
