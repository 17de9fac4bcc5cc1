"""What a user may want of their subscription: cancel, freeze, withdraw, and the ways back."""

from collections.abc import Callable

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from activities.contracts import Cause
from api import orders
from api.auth.current_user import TOKEN_REFUSALS
from api.command_request import COMMAND_REFUSALS, CommandRequest, CommandRequestDep
from api.idempotency import key_parameter
from api.problems import problem_responses
from api.refusals import responses_of
from api.routes.subscriptions import NOT_FOUND
from api.schemas.base import RowId
from api.schemas.subscriptions import CancelBody, FreezeBody, SubscriptionBody
from api.subscription_commands import Command, Order
from domain.refusals import RefusalCode
from workflows.messages import PlainCommand

router = APIRouter(prefix="/subscriptions/{subscription_id}", tags=["Subscriptions"])

KEY = key_parameter(required=False)
REFUSALS = (*TOKEN_REFUSALS, *COMMAND_REFUSALS, NOT_FOUND)


@router.post(
    "/cancel",
    response_model=SubscriptionBody,
    openapi_extra=KEY,
    responses=problem_responses(*REFUSALS, *responses_of(RefusalCode.SUBSCRIPTION_ENDED)),
)
async def cancel_subscription(
    subscription_id: RowId, asked: CommandRequestDep, body: CancelBody | None = None
) -> JSONResponse:
    """Cancels at the period's end, or now. Twice is once; what is not paid for is canceled at once.

    A charge that is with its provider can't be taken back: it stands, and `payment_in_progress` says so.
    """
    wanted = body or CancelBody()

    async def act(command_id: str) -> SubscriptionBody:
        cause = await asked.cause(wanted.reason)
        order = orders.cancel(command_id, cause, at_period_end=wanted.at_period_end)
        return await _carry_out(asked, subscription_id, order)

    return await asked.once(wanted, act)


@router.post(
    "/uncancel",
    response_model=SubscriptionBody,
    openapi_extra=KEY,
    responses=problem_responses(*REFUSALS, *responses_of(RefusalCode.NOT_CANCELING)),
)
async def uncancel_subscription(subscription_id: RowId, asked: CommandRequestDep) -> JSONResponse:
    """Takes back a cancellation that waits for the period's end."""
    return await _say(asked, subscription_id, orders.uncancel)


@router.post(
    "/freeze",
    response_model=SubscriptionBody,
    openapi_extra=KEY,
    responses=problem_responses(
        *REFUSALS,
        *responses_of(
            RefusalCode.FREEZE_ONLY_FROM_ACTIVE,
            RefusalCode.FREEZE_ALLOWANCE_SPENT,
            RefusalCode.FREEZE_UNTIL_IS_PAST,
            RefusalCode.PAYMENT_IN_PROGRESS,
        ),
    ),
)
async def freeze_subscription(
    subscription_id: RowId, asked: CommandRequestDep, body: FreezeBody | None = None
) -> JSONResponse:
    """Stops access and billing, until an instant or for as long as the year's allowance lasts.

    The time that is paid for moves later by exactly as long as it was frozen.
    """
    wanted = body or FreezeBody()

    async def act(command_id: str) -> SubscriptionBody:
        order = orders.freeze(command_id, await asked.cause(), until=wanted.until)
        return await _carry_out(asked, subscription_id, order)

    return await asked.once(wanted, act)


@router.post(
    "/unfreeze",
    response_model=SubscriptionBody,
    openapi_extra=KEY,
    responses=problem_responses(*REFUSALS, *responses_of(RefusalCode.NOT_FROZEN)),
)
async def unfreeze_subscription(subscription_id: RowId, asked: CommandRequestDep) -> JSONResponse:
    """Lets a frozen subscription go on now."""
    return await _say(asked, subscription_id, orders.unfreeze)


@router.post(
    "/withdraw",
    response_model=SubscriptionBody,
    openapi_extra=KEY,
    responses=problem_responses(
        *REFUSALS,
        *responses_of(
            RefusalCode.SUBSCRIPTION_ENDED,
            RefusalCode.WITHDRAWAL_PERIOD_OVER,
            RefusalCode.PAYMENT_IN_PROGRESS,
        ),
    ),
)
async def withdraw_from_subscription(subscription_id: RowId, asked: CommandRequestDep) -> JSONResponse:
    """Ends it within 14 days of the first start, with the money back. `canceled_at` confirms the instant."""
    return await _say(asked, subscription_id, orders.withdraw)


async def _say(
    asked: CommandRequest,
    subscription_id: int,
    order: Callable[[str, Cause], Order[PlainCommand, None]],
) -> JSONResponse:
    """A command that needs nothing but to be said."""

    async def act(command_id: str) -> SubscriptionBody:
        return await _carry_out(asked, subscription_id, order(command_id, await asked.cause()))

    return await asked.once(None, act)


async def _carry_out(
    asked: CommandRequest, subscription_id: int, order: Order[Command, None]
) -> SubscriptionBody:
    view = await asked.context.commands.carry_out(asked.user.id, subscription_id, order)
    return SubscriptionBody.of(view)
