"""For staff: any subscription, why it is as it is, and what happened to it."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.command_request import COMMAND_REFUSALS, StaffRequestDep
from api.context import ContextDep
from api.explain import explain_subscription, temporal_page_of
from api.find_subscription import find_subscription
from api.idempotency import key_parameter
from api.paging import PageRequestDep
from api.problems import problem_responses
from api.refusals import responses_of
from api.routes.subscriptions import NOT_FOUND
from api.schemas.base import RowId
from api.schemas.staff import ExplainedBody, UnparkBody
from api.schemas.subscriptions import SubscriptionBody
from api.schemas.timeline import TimelinePage
from api.timeline import timeline_page
from api.unpark import unpark_subscription
from domain.refusals import RefusalCode

router = APIRouter(prefix="/admin", tags=["Staff"])


@router.get(
    "/subscriptions/{subscription_id}/explain",
    responses=problem_responses(
        *STAFF_REFUSALS, NOT_FOUND, (503, "database_unavailable"), (503, "workflow_engine_unavailable")
    ),
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
    "/subscriptions/{subscription_id}/timeline",
    responses=problem_responses(
        *STAFF_REFUSALS, NOT_FOUND, (422, "invalid_cursor"), (503, "database_unavailable")
    ),
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


@router.post(
    "/subscriptions/{subscription_id}/unpark",
    response_model=SubscriptionBody,
    openapi_extra=key_parameter(required=False),
    responses=problem_responses(
        *STAFF_REFUSALS, *COMMAND_REFUSALS, NOT_FOUND, *responses_of(RefusalCode.NOT_PARKED)
    ),
)
async def unpark(subscription_id: RowId, body: UnparkBody, asked: StaffRequestDep) -> JSONResponse:
    """Lets a parked subscription go on where it stopped, once a person has looked."""

    async def act(command_id: str) -> SubscriptionBody:
        return SubscriptionBody.of(
            await unpark_subscription(
                asked.context,
                subscription_id,
                command_id,
                lambda about: asked.cause(body.reason, about=about),
            )
        )

    return await asked.once(body, act)
