"""What a start would bill, before anybody makes it."""

from fastapi import APIRouter, Request

from api.auth.current_user import TOKEN_REFUSALS, CurrentUser
from api.code_limits import guessing
from api.context import ContextDep
from api.preview_subscription import preview_subscription
from api.problems import problem_responses
from api.refusals import problem_of, responses_of
from api.schemas.previews import PreviewBody, PreviewedBody
from domain.refusals import RefusalCode, Refused

router = APIRouter(tags=["Subscriptions"])


@router.post(
    "/subscriptions/preview",
    responses=problem_responses(
        *TOKEN_REFUSALS,
        *responses_of(
            RefusalCode.PLAN_NOT_FOUND,
            RefusalCode.PROMO_CODE_NOT_FOUND,
            RefusalCode.GIFT_CARD_NOT_FOUND,
            RefusalCode.PROMO_CODE_EXPIRED,
            RefusalCode.PROMO_CODE_EXHAUSTED,
            RefusalCode.PROMO_CODE_NOT_APPLICABLE,
            RefusalCode.GIFT_CARD_EMPTY,
            RefusalCode.CURRENCY_MISMATCH,
            RefusalCode.PLAN_UNCHANGED,
            RefusalCode.PLAN_CHANGE_NOT_POSSIBLE,
            RefusalCode.FREEZE_ONLY_FROM_ACTIVE,
            RefusalCode.FREEZE_ALLOWANCE_SPENT,
        ),
        (429, "too_many_attempts"),
        (503, "database_unavailable"),
    ),
)
async def preview_start(
    body: PreviewBody, request: Request, user: CurrentUser, context: ContextDep
) -> PreviewedBody:
    """What a start would bill, over as many as 60 billing periods, with changes and freezes on the way.

    It writes nothing, and every invoice is taken to be paid at once. What the user has on gift cards and
    balance pays first, as it would.
    """
    promo_code, gift_code = body.promo_code, body.gift_code
    async with guessing(context, user.id, request, promo_code=promo_code, gift_code=gift_code):
        try:
            async with context.database.read() as connection:
                code_hash = context.gift_codes.hash_of(gift_code) if gift_code else None
                return PreviewedBody.of(await preview_subscription(connection, user.id, body, code_hash))
        except Refused as refused:
            raise problem_of(refused) from refused
