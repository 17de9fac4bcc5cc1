"""Subscriptions, for staff, to be read. What may be done to one is in `staff_commands` and `staff_unpark`."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.context import ContextDep
from api.explain import explain_subscription, temporal_page_of
from api.find_subscription import find_subscription
from api.paging import PageRequestDep, cut
from api.problems import problem_responses
from api.routes.subscriptions import NOT_FOUND
from api.schemas.base import RowId
from api.schemas.searches import SubscriptionSearch
from api.schemas.staff import ExplainedBody
from api.schemas.staff_found import FoundSubscriptionBody, FoundSubscriptionPage, WholeSubscriptionBody
from api.schemas.timeline import TimelinePage
from api.timeline import timeline_page
from api.whole_subscription import show_whole
from db.queries.subscription_search import search_subscriptions

router = APIRouter(prefix="/admin/subscriptions", tags=["Staff"])

AWAY = (503, "database_unavailable")


@router.get("", responses=problem_responses(*STAFF_REFUSALS, (422, "invalid_cursor"), AWAY))
async def search_subscriptions_as_staff(
    asked: Annotated[SubscriptionSearch, Query()],
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
) -> FoundSubscriptionPage:
    """Anybody's subscriptions that are all that is asked for, the newest first."""
    page = asked.page
    async with context.database.read() as connection:
        found = await search_subscriptions(
            connection, asked.only, before_id=page.after_id, limit=page.limit + 1
        )
    shown, cursor = cut(found, page, lambda one: one.subscription_id)
    return FoundSubscriptionPage(items=[FoundSubscriptionBody.of(one) for one in shown], next_cursor=cursor)


@router.get("/{subscription_id}", responses=problem_responses(*STAFF_REFUSALS, NOT_FOUND, AWAY))
async def read_subscription_as_staff(
    subscription_id: RowId,
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
) -> WholeSubscriptionBody:
    """Anybody's subscription whole, from the books alone: its owner, where it stands, and its money."""
    async with context.database.read() as connection:
        return await show_whole(connection, subscription_id)


@router.get(
    "/{subscription_id}/explain",
    responses=problem_responses(*STAFF_REFUSALS, NOT_FOUND, AWAY, (503, "workflow_engine_unavailable")),
)
async def explain(
    subscription_id: RowId,
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
) -> ExplainedBody:
    """Why it is as it is, and what happens next and when: asked of its workflow, else told from its row."""
    explained = await explain_subscription(context.database, context.temporal, subscription_id)
    return ExplainedBody.of(explained, temporal_page_of(context, explained.view.workflow_id))


@router.get(
    "/{subscription_id}/timeline",
    responses=problem_responses(*STAFF_REFUSALS, NOT_FOUND, (422, "invalid_cursor"), AWAY),
)
async def read_timeline_as_staff(
    subscription_id: RowId,
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
    page: PageRequestDep,
) -> TimelinePage:
    """Everything that ever happened to anybody's subscription, in order."""
    async with context.database.read() as connection:
        await find_subscription(connection, subscription_id)
        return await timeline_page(connection, subscription_id, page)
