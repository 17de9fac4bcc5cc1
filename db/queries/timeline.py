"""The timeline: everything that ever happened to a subscription, in order."""

from datetime import datetime

from sqlalchemy import insert

from db.database import Connection
from db.tables.subscriptions import TimelineEntry
from domain.lifecycle import Event


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
) -> None:
    """`at` is the workflow's time; `details` are ids and amounts; the note is what a person wrote."""
    await connection.execute(
        insert(TimelineEntry).values(
            subscription_id=subscription_id,
            version=version,
            event=event,
            actor=actor,
            cause=cause,
            note_id=note_id,
            trace_id=trace_id,
            occurred_at=at,
            details=details,
        )
    )
