"""What staff did that is in no subscription's timeline: for staff."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.context import ContextDep
from api.paging import cut
from api.problems import problem_responses
from api.schemas.searches import ActionSearch
from api.schemas.staff_found import StaffActionBody, StaffActionPage
from db.queries.staff_actions import list_actions

router = APIRouter(prefix="/admin/actions", tags=["Staff"])


@router.get(
    "",
    responses=problem_responses(*STAFF_REFUSALS, (422, "invalid_cursor"), (503, "database_unavailable")),
)
async def list_staff_actions(
    asked: Annotated[ActionSearch, Query()],
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
) -> StaffActionPage:
    """Who did what, to which, and why, the newest first. Commands to subscriptions are in their timelines."""
    page = asked.page
    async with context.database.read() as connection:
        found = await list_actions(connection, asked.only, before_id=page.after_id, limit=page.limit + 1)
    shown, cursor = cut(found, page, lambda one: one.id)
    return StaffActionPage(items=[StaffActionBody.model_validate(one) for one in shown], next_cursor=cursor)
