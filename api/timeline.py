"""A page of a subscription's timeline, for its user and for staff."""

from api.paging import PageRequest, encode_cursor
from api.schemas.timeline import TimelineEntryBody, TimelinePage
from db.database import Connection
from db.queries import timeline


async def timeline_page(
    connection: Connection, subscription_id: int, page: PageRequest, *, notes_of: int | None = None
) -> TimelinePage:
    """With `notes_of` without what anybody else wrote: what staff write is for staff."""
    found = await timeline.list_entries(
        connection, subscription_id, after_id=page.after_id, limit=page.limit + 1, notes_of=notes_of
    )
    shown = found[: page.limit]
    return TimelinePage(
        items=[TimelineEntryBody.model_validate(entry) for entry in shown],
        next_cursor=encode_cursor(shown[-1].id) if len(found) > page.limit else None,
    )
