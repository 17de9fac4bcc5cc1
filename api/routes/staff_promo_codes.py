"""Promo codes, for staff: made, changed while nobody has redeemed them, and ended."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse

from api import staff_promo_codes
from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.command_request import StaffRequestDep
from api.context import ContextDep
from api.idempotency import KEY_REFUSALS, key_parameter
from api.paging import PageRequestDep, encode_cursor
from api.problems import problem_responses
from api.refusals import responses_of
from api.schemas.promo_codes import (
    PROMO_CODE,
    NewPromoCodeBody,
    PromoCodeBody,
    PromoCodeChangesBody,
    PromoCodePage,
)
from api.staff_hand import Hand
from db.queries import promo_codes
from domain.refusals import RefusalCode

router = APIRouter(prefix="/admin/promo-codes", tags=["Staff"])

PromoCode = Annotated[str, Path(pattern=PROMO_CODE)]
AWAY = (503, "database_unavailable")
NOT_FOUND = responses_of(RefusalCode.PROMO_CODE_NOT_FOUND)


@router.get("", responses=problem_responses(*STAFF_REFUSALS, (422, "invalid_cursor"), AWAY))
async def list_promo_codes(
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
    page: PageRequestDep,
) -> PromoCodePage:
    """Every code ever made, with how often each is redeemed."""
    async with context.database.read() as connection:
        found = await promo_codes.list_promo_codes(connection, after_id=page.after_id, limit=page.limit + 1)
    shown = found[: page.limit]
    return PromoCodePage(
        items=[PromoCodeBody.of(published) for published in shown],
        next_cursor=encode_cursor(shown[-1].id) if len(found) > page.limit else None,
    )


@router.post(
    "",
    status_code=201,
    response_model=PromoCodeBody,
    openapi_extra=key_parameter(required=False),
    responses=problem_responses(
        *STAFF_REFUSALS,
        *KEY_REFUSALS,
        (409, "idempotency_in_progress"),
        *responses_of(RefusalCode.PROMO_CODE_TAKEN, RefusalCode.PLAN_NOT_FOUND),
        AWAY,
    ),
)
async def create_promo_code(body: NewPromoCodeBody, asked: StaffRequestDep) -> JSONResponse:
    """Publishes a code, which anybody may redeem who knows it."""
    hand = Hand(asked.user, body.reason)
    return await asked.once_written(
        body,
        lambda connection: staff_promo_codes.create_promo_code(connection, body, hand),
        status_code=201,
    )


@router.get("/{promo_code}", responses=problem_responses(*STAFF_REFUSALS, *NOT_FOUND, AWAY))
async def read_promo_code(
    promo_code: PromoCode,
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
) -> PromoCodeBody:
    """One code, in whatever case it is written."""
    async with context.database.read() as connection:
        return await staff_promo_codes.read_promo_code(connection, promo_code)


@router.patch(
    "/{promo_code}",
    responses=problem_responses(
        *STAFF_REFUSALS,
        *NOT_FOUND,
        *responses_of(RefusalCode.PLAN_NOT_FOUND, RefusalCode.PROMO_TERMS_FROZEN),
        AWAY,
    ),
)
async def change_promo_code(
    promo_code: PromoCode,
    body: PromoCodeChangesBody,
    staff: CurrentStaff,
    context: ContextDep,
) -> PromoCodeBody:
    """Changes a code that nobody has redeemed; one that was redeemed can be ended, or given to more."""
    async with context.database.transaction() as connection:
        hand = Hand(staff, body.reason)
        return await staff_promo_codes.change_promo_code(connection, promo_code, body, hand)
