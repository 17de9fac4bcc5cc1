"""The timeline: everything that ever happened to a subscription, in order."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, insert, select

from db.database import Connection
from db.queries.outbox import event_row, insert_beside
from db.queries.persons import entry_is_about
from db.tables.messages import Note
from db.tables.subscriptions import TimelineEntry
from domain.events import OutgoingEvent
from domain.lifecycle import Event

_COLUMNS = (
    *("subscription_id", "version", "event", "actor", "cause"),
    *("note_id", "trace_id", "occurred_at", "details"),
)
# Built once, as it is part of every step: an entry and its event are one question to the database.
_APPEND_AND_TELL = insert_beside(
    insert(TimelineEntry).values({name: bindparam(f"entry_{name}") for name in _COLUMNS})
)


@dataclass(frozen=True)
class Entry:
    """`occurred_at` is the workflow's time; `note` is what a person wrote; `details` are ids and amounts."""

    id: int
    version: int
    event: str
    actor: str
    cause: str
    note: str | None
    details: dict[str, Any]
    occurred_at: datetime
    trace_id: str


async def list_entries(
    connection: Connection,
    subscription_id: int,
    *,
    after_id: int | None,
    limit: int | None = None,
    notes_of: int | None = None,
) -> list[Entry]:
    """In the order they happened, from the one after `after_id` on.

    As the user `notes_of` sees it, who has it by now: with nobody's notes but theirs, and without what is
    about somebody who had it before.
    """
    query = _entries(subscription_id, notes_of).where(TimelineEntry.id > (after_id or 0))
    if notes_of is not None:
        query = query.where(entry_is_about(notes_of))
    query = query.order_by(TimelineEntry.id).limit(limit)
    return [Entry(*row) for row in await connection.execute(query)]


async def list_newest(
    connection: Connection, subscription_id: int, *, before_id: int | None, limit: int
) -> list[Entry]:
    """The newest first, from the one before `before_id` on: for staff, with everybody's notes."""
    query = _entries(subscription_id, None).order_by(TimelineEntry.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(TimelineEntry.id < before_id)
    return [Entry(*row) for row in await connection.execute(query)]


async def list_events_about(connection: Connection, subscription_id: int, invoice_id: int) -> set[str]:
    """What happened to one of its invoices."""
    query = select(TimelineEntry.event).where(
        TimelineEntry.subscription_id == subscription_id,
        TimelineEntry.details["invoice_id"].as_integer() == invoice_id,
    )
    return set((await connection.execute(query)).scalars())


async def append_entry(
    connection: Connection,
    *,
    subscription_id: int,
    version: int,
    event: Event,
    actor: str,
    cause: str,
    trace_id: str,
    at: datetime,
    details: dict[str, int | str],
    note_id: int | None = None,
    event_out: OutgoingEvent | None = None,
) -> None:
    """`at` is the workflow's time; `details` are ids and amounts; the note is what a person wrote.

    `event_out` tells of it outside: neither is there without the other.
    """
    entry = {
        "subscription_id": subscription_id,
        "version": version,
        "event": event,
        "actor": actor,
        "cause": cause,
        "note_id": note_id,
        "trace_id": trace_id,
        "occurred_at": at,
        "details": details,
    }
    if event_out is None:
        await connection.execute(insert(TimelineEntry), entry)
        return
    values = {f"entry_{name}": value for name, value in entry.items()}
    await connection.execute(_APPEND_AND_TELL, values | event_row(event_out))


def _entries(subscription_id: int, notes_of: int | None) -> Select[*tuple[Any, ...]]:
    shown_note = TimelineEntry.note_id == Note.id
    if notes_of is not None:
        shown_note &= Note.user_id == notes_of
    return (
        select(
            TimelineEntry.id,
            TimelineEntry.version,
            TimelineEntry.event,
            TimelineEntry.actor,
            TimelineEntry.cause,
            Note.text,
            TimelineEntry.details,
            TimelineEntry.occurred_at,
            TimelineEntry.trace_id,
        )
        .outerjoin(Note, shown_note)
        .where(TimelineEntry.subscription_id == subscription_id)
    )
