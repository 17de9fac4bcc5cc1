"""Accounts, for staff: looked for, one whole, shut out, let in again; and a start for one of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse

from api import staff_users
from api.auth.last_admin import LAST_ADMIN
from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.code_limits import guessing
from api.command_request import StaffRequestDep
from api.context import ContextDep
from api.idempotency import KEY_REFUSALS, RequiredKey, key_parameter
from api.on_behalf import OnBehalf
from api.paging import cut
from api.problems import problem_responses
from api.routes.subscriptions import START_REFUSALS
from api.schemas.base import ReasonBody, RowId
from api.schemas.searches import UserSearch
from api.schemas.staff_commands import StaffStartBody
from api.schemas.staff_found import FoundUserBody, FoundUserPage, WholeUserBody
from api.schemas.subscriptions import StartedBody
from api.staff_hand import Hand
from api.start_at import check_enabled
from api.start_on_behalf import StartForUser
from db.queries.user_search import search_users

router = APIRouter(prefix="/admin/users", tags=["Staff"])

AWAY = (503, "database_unavailable")
NOT_FOUND = (404, "user_not_found")


@router.get("", responses=problem_responses(*STAFF_REFUSALS, (422, "invalid_cursor"), AWAY))
async def search_users_as_staff(
    asked: Annotated[UserSearch, Query()],
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
) -> FoundUserPage:
    """Accounts, the newest first: everybody's, or the one at an address."""
    page = asked.page
    async with context.database.read() as connection:
        found = await search_users(connection, asked.only, before_id=page.after_id, limit=page.limit + 1)
    shown, cursor = cut(found, page, lambda one: one.id)
    return FoundUserPage(items=[FoundUserBody.model_validate(one) for one in shown], next_cursor=cursor)


@router.get("/{user_id}", responses=problem_responses(*STAFF_REFUSALS, NOT_FOUND, AWAY))
async def read_user_as_staff(
    user_id: RowId,
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
) -> WholeUserBody:
    """One account, its subscriptions, and its gift cards and balance. No secret of theirs is shown."""
    async with context.database.read() as connection:
        return await staff_users.show_user(connection, user_id)


def _write(*refusals: tuple[int, str]) -> dict[str, Any]:
    return {
        "response_model": FoundUserBody,
        "openapi_extra": key_parameter(required=False),
        "responses": problem_responses(
            *STAFF_REFUSALS, *KEY_REFUSALS, (409, "idempotency_in_progress"), NOT_FOUND, *refusals, AWAY
        ),
    }


@router.post("/{user_id}/disable", **_write((409, "own_account"), LAST_ADMIN))
async def disable_user(user_id: RowId, body: ReasonBody, asked: StaffRequestDep) -> JSONResponse:
    """Ends all their sessions within two seconds, and nobody can log in. Subscriptions go on as they are."""
    hand = Hand(asked.user, body.reason)
    answer = await asked.once_written(
        body, lambda connection: staff_users.disable_user(asked.context, connection, user_id, hand)
    )
    await asked.context.ended_sessions.look()
    return answer


@router.post("/{user_id}/enable", **_write())
async def enable_user(user_id: RowId, body: ReasonBody, asked: StaffRequestDep) -> JSONResponse:
    """Lets them log in again. Sessions that were ended stay so."""
    hand = Hand(asked.user, body.reason)
    return await asked.once_written(
        body, lambda connection: staff_users.enable_user(connection, user_id, hand)
    )


@router.post(
    "/{user_id}/subscriptions",
    status_code=201,
    response_model=StartedBody,
    openapi_extra=key_parameter(required=True),
    responses=problem_responses(
        *STAFF_REFUSALS, NOT_FOUND, (409, "idempotency_in_progress"), *START_REFUSALS
    ),
)
async def start_for_user(
    user_id: RowId,
    body: StaffStartBody,
    request: Request,
    asked: StaffRequestDep,
    key: RequiredKey,  # noqa: ARG001 - the request reads it, too: here it has to be sent
) -> JSONResponse:
    """Starts a subscription that is the user's from then on, as their own start would."""
    context, offered = asked.context, body.payment_method
    check_enabled(context.settings, body.start_at)
    wanted = StartForUser(
        plan_code=body.plan_code,
        promo_code=body.promo_code,
        gift_code=body.gift_code,
        payment_method=offered.as_offered() if offered else None,
        start_at=body.start_at,
    )

    async def act(command_id: str) -> StartedBody:
        behalf = OnBehalf.by_staff(context, asked.user.id, body.reason)
        guess = guessing(
            context, asked.user.id, request, promo_code=body.promo_code, gift_code=body.gift_code
        )
        async with guess:
            started = await behalf.start(user_id, wanted, command_id)
        return StartedBody.of(started.answer, body.gift_code)

    return await asked.once(body, act, status_code=201)
