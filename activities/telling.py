"""Entries of a subscription's timeline: who did what, why, and the trace that leads to the request.

With an entry goes the event that tells of it outside, where there is one.
"""

from collections.abc import Mapping
from datetime import datetime

from activities.contracts import Cause
from db.database import Connection
from db.queries import timeline
from domain.life_events import goes_out
from domain.lifecycle import Change


async def tell(
    connection: Connection,
    change: Change,
    cause: Cause,
    at: datetime,
    details: Mapping[str, int | str] | None = None,
) -> None:
    """The timeline's entry of a change."""
    told = {**change.details, **(details or {})}
    await timeline.append_entry(
        connection,
        subscription_id=change.state.subscription_id,
        version=change.state.version,
        event=change.event,
        actor=cause.actor,
        cause=cause.reason,
        note_id=cause.note_id,
        trace_id=cause.trace_id,
        at=at,
        details=told,
        event_out=goes_out(change.state, change.event, told, at),
    )
