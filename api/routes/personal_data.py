"""A person's own data: seen as a whole, and erased; by themselves, or by staff on request."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.auth.current_user import TOKEN_REFUSALS, CurrentUser
from api.auth.last_admin import LAST_ADMIN
from api.auth.personal_data import erase_for, erase_me, export
from api.auth.staff import STAFF_REFUSALS
from api.command_request import StaffRequestDep
from api.context import ContextDep
from api.idempotency import KEY_REFUSALS, key_parameter
from api.problems import problem_responses
from api.refusals import responses_of
from api.schemas.base import RowId
from api.schemas.personal_data import ErasedBody, EraseMeBody, EraseUserBody, ExportBody
from api.staff_hand import Hand
from domain.refusals import RefusalCode

router = APIRouter(tags=["Auth"])
admin_router = APIRouter(prefix="/admin/users", tags=["Staff"])

LIMITED = (429, "too_many_attempts")
AWAY = (503, "database_unavailable")


@router.get("/auth/me/export", responses=problem_responses(*TOKEN_REFUSALS, LIMITED, AWAY))
async def export_me(user: CurrentUser, context: ContextDep) -> ExportBody:
    """Everything that is held about the user, as of one moment. Secrets are left out."""
    return await export(context, user.id)


@router.delete(
    "/auth/me",
    status_code=204,
    responses=problem_responses(
        *TOKEN_REFUSALS,
        (401, "bad_credentials"),
        *responses_of(RefusalCode.SUBSCRIPTION_LIVE),
        LAST_ADMIN,
        LIMITED,
        (503, "busy"),
        AWAY,
    ),
)
async def delete_me(body: EraseMeBody, user: CurrentUser, context: ContextDep) -> None:
    """Erases the user for good; invoices and payments stay, under a number. Refused while subscribed."""
    await erase_me(context, user.id, body.password)


@admin_router.post(
    "/{user_id}/erase",
    response_model=ErasedBody,
    openapi_extra=key_parameter(required=False),
    responses=problem_responses(
        *STAFF_REFUSALS,
        *KEY_REFUSALS,
        (409, "idempotency_in_progress"),
        (409, "own_account"),
        *responses_of(RefusalCode.USER_NOT_FOUND, RefusalCode.SUBSCRIPTION_LIVE),
        LAST_ADMIN,
        AWAY,
    ),
)
async def erase_somebody(user_id: RowId, body: EraseUserBody, asked: StaffRequestDep) -> JSONResponse:
    """As if they had asked for it themselves. Twice is once."""
    hand = Hand(asked.user, body.reason)
    return await asked.once_written(
        body, lambda connection: erase_for(connection, user_id, hand, body.reason)
    )
