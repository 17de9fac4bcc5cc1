"""Starting, and reading."""

from fastapi import APIRouter, Request, Response

from activities.contracts import StartOrder
from api.auth.current_user import TOKEN_REFUSALS, CurrentUser
from api.code_limits import guessing
from api.command_request import AWAY, cause_of
from api.context import ContextDep
from api.find_subscription import no_such_subscription
from api.idempotency import (
    KEY_REFUSALS,
    REPLAYED,
    RequiredKey,
    key_parameter,
    request_hash,
)
from api.paging import PageRequestDep
from api.payment_methods import METHOD_REFUSALS
from api.problems import problem_responses
from api.refusals import responses_of
from api.schemas.base import RowId
from api.schemas.subscriptions import StartBody, StartedBody, SubscriptionBody
from api.schemas.timeline import TimelinePage
from api.start_at import START_AT_REFUSALS, check_enabled
from api.timeline import timeline_page
from db.queries import subscription_views
from domain.refusals import RefusalCode

router = APIRouter(tags=["Subscriptions"])


NOT_FOUND = (404, "subscription_not_found")
START_REFUSALS = (
    (400, "idempotency_key_missing"),
    *KEY_REFUSALS,
    *responses_of(
        RefusalCode.PLAN_NOT_FOUND,
        RefusalCode.SUBSCRIPTION_EXISTS,
        RefusalCode.PAYMENT_IN_PROGRESS,
        RefusalCode.TOO_MANY_STARTS,
        RefusalCode.PROMO_CODE_NOT_FOUND,
        RefusalCode.PROMO_CODE_EXPIRED,
        RefusalCode.PROMO_CODE_NOT_APPLICABLE,
        RefusalCode.PROMO_CODE_EXHAUSTED,
        RefusalCode.GIFT_CARD_NOT_FOUND,
        RefusalCode.GIFT_CARD_EMPTY,
        RefusalCode.CURRENCY_MISMATCH,
        RefusalCode.USER_ERASED,
    ),
    (429, "too_many_attempts"),
    *METHOD_REFUSALS,
    *START_AT_REFUSALS,
    *AWAY,
)


@router.post(
    "/subscriptions/start",
    status_code=201,
    openapi_extra=key_parameter(required=True),
    responses=problem_responses(
        *TOKEN_REFUSALS,
        *START_REFUSALS,
    ),
)
async def start_subscription(
    body: StartBody,
    request: Request,
    response: Response,
    user: CurrentUser,
    key: RequiredKey,
    context: ContextDep,
) -> StartedBody:
    """Starts a subscription: it stays `incomplete` until it is paid, for 23 hours at most, or has a trial.

    With a payment method the charge follows at once, and so does each renewal's when it is due.
    """
    check_enabled(context.settings, body.start_at)
    gift_code = body.gift_code
    order = StartOrder(
        user_id=user.id,
        idempotency_key=key,
        request_hash=request_hash("POST", request.url.path, body),
        plan_code=body.plan_code,
        cause=cause_of(user),
        start_at=body.start_at,
        promo_code=body.promo_code,
        gift_code_hash=gift_code and context.gift_codes.hash_of(gift_code).hex(),
    )
    offered = body.payment_method
    async with guessing(context, user.id, request, promo_code=body.promo_code, gift_code=gift_code):
        started = await context.starter.start(order, offered.as_offered() if offered else None)
    response.headers["Location"] = f"/subscriptions/{started.answer.subscription_id}"
    if started.is_replay:
        response.headers.update(REPLAYED)
    return StartedBody.of(started.answer, gift_code)


@router.get(
    "/subscriptions/{subscription_id}",
    responses=problem_responses(*TOKEN_REFUSALS, NOT_FOUND, (503, "database_unavailable")),
)
async def read_subscription(
    subscription_id: RowId, user: CurrentUser, context: ContextDep
) -> SubscriptionBody:
    """One of the user's own subscriptions, running or ended."""
    return SubscriptionBody.of(await context.commands.find(user.id, subscription_id))


@router.get(
    "/subscriptions/{subscription_id}/timeline",
    responses=problem_responses(
        *TOKEN_REFUSALS, NOT_FOUND, (422, "invalid_cursor"), (503, "database_unavailable")
    ),
)
async def read_timeline(
    subscription_id: RowId, user: CurrentUser, context: ContextDep, page: PageRequestDep
) -> TimelinePage:
    """Everything that ever happened to one of the user's own subscriptions, in order."""
    async with context.database.read() as connection:
        if await subscription_views.find_of_user(connection, user.id, subscription_id) is None:
            raise no_such_subscription()
        return await timeline_page(connection, subscription_id, page, notes_of=user.id)
