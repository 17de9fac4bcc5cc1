"""What has gone out, for staff."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.context import ContextDep
from api.paging import encode_cursor
from api.problems import problem_responses
from api.schemas.searches import EventSearch
from api.schemas.webhook_endpoints import EventPage
from api.staff_events import body_of
from db.queries import event_views

router = APIRouter(prefix="/admin/events", tags=["Staff"])


@router.get(
    "",
    responses=problem_responses(*STAFF_REFUSALS, (422, "invalid_cursor"), (503, "database_unavailable")),
)
async def list_events(
    asked: Annotated[EventSearch, Query()],
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
) -> EventPage:
    """Every event that was published, whether or not anybody is told of it, the oldest first."""
    page = asked.page
    async with context.database.read() as connection:
        found = await event_views.list_published(
            connection, after_id=page.after_id, limit=page.limit + 1, subscription_id=asked.subscription_id
        )
    shown = found[: page.limit]
    return EventPage(
        items=[body_of(event) for event in shown],
        next_cursor=encode_cursor(shown[-1].id) if len(found) > page.limit else None,
    )
