"""For staff: a parked subscription goes on, once a person has looked."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.auth.staff import STAFF_REFUSALS
from api.command_request import COMMAND_REFUSALS, StaffRequestDep
from api.idempotency import key_parameter
from api.problems import problem_responses
from api.refusals import responses_of
from api.routes.subscriptions import NOT_FOUND
from api.schemas.base import RowId
from api.schemas.staff import UnparkBody
from api.schemas.subscriptions import SubscriptionBody
from api.unpark import unpark_subscription
from domain.refusals import RefusalCode

router = APIRouter(prefix="/admin", tags=["Staff"])


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
