"""Who joins a family and who leaves it, in the timeline of its subscription and outside."""

from datetime import datetime

from db.database import Connection
from db.queries import timeline
from domain.life_events import goes_out
from domain.lifecycle import Event
from domain.subscription import SubscriptionState


async def append_family_entry(
    connection: Connection,
    state: SubscriptionState,
    event: Event,
    *,
    actor: str,
    cause: str,
    trace_id: str,
    at: datetime,
    ids: dict[str, int],
) -> None:
    """With the subscription's row held: it stays at its version. `at` is its own time."""
    await timeline.append_entry(
        connection,
        subscription_id=state.subscription_id,
        version=state.version,
        event=event,
        actor=actor,
        cause=cause,
        trace_id=trace_id,
        at=at,
        details={**ids},
        event_out=goes_out(state, event, ids, at),
    )
