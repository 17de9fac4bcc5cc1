"""The virtual clock: staff turn the time of one subscription. Only where `BILLING_VIRTUAL_CLOCK` is on."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.clock.turn import AdvanceClock
from api.command_request import COMMAND_REFUSALS
from api.context import ContextDep
from api.idempotency import OptionalKey, key_parameter, request_hash
from api.problems import problem_responses
from api.refusals import responses_of
from api.routes.subscriptions import NOT_FOUND
from api.schemas.base import RowId
from api.schemas.clock import AdvanceBody, ClockBody
from domain.duration import parse_duration
from domain.refusals import RefusalCode

router = APIRouter(tags=["Staff"])


@router.post(
    "/admin/subscriptions/{subscription_id}/clock",
    response_model=ClockBody,
    openapi_extra=key_parameter(required=False),
    responses=problem_responses(
        *STAFF_REFUSALS,
        *COMMAND_REFUSALS,
        NOT_FOUND,
        *responses_of(RefusalCode.SUBSCRIPTION_ENDED),
        (409, "clock_in_use"),
    ),
)
async def turn_clock(
    subscription_id: RowId,
    body: AdvanceBody,
    request: Request,
    staff: CurrentStaff,
    key: OptionalKey,
    context: ContextDep,
) -> JSONResponse:
    """Lets the time of one subscription pass, due date by due date, and tells what happened meanwhile.

    An answer 503 leaves the clock somewhere on the way; the same request under the same key goes on from
    there to the same instant. Without a key, a repetition advances from where the clock stands.
    """
    content_hash = request_hash("POST", request.url.path, body)

    async def act(command_id: str) -> ClockBody:
        command = AdvanceClock(
            subscription_id=subscription_id,
            command_id=command_id,
            asked_by=staff.id,
            by=parse_duration(body.advance),
        )
        return ClockBody.of(await context.clocks.advance(command))

    return await context.answers.once(staff.id, key, content_hash, act)
