"""Gift cards, for whoever holds a code: what it is worth, redeeming it, and the purse that it then is in."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from api.auth.current_user import TOKEN_REFUSALS, CurrentUser
from api.code_limits import guessing
from api.command_request import COMMAND_REFUSALS, CommandRequestDep
from api.context import ContextDep
from api.gift_codes import find_shown_card
from api.idempotency import key_parameter
from api.problems import problem_responses
from api.purse import show_purse
from api.refusals import responses_of
from api.routes.subscriptions import NOT_FOUND
from api.schemas.base import RowId
from api.schemas.gift_cards import (
    GiftBalanceBody,
    GiftCodeBody,
    PurseBody,
    RedeemedGiftBody,
    RedeemGiftBody,
)
from domain.refusals import RefusalCode
from workflows.messages import RedeemGiftCommand

router = APIRouter(tags=["Gift cards"])

LIMITED = (429, "too_many_attempts")


@router.post(
    "/gift-cards/balance",
    responses=problem_responses(
        *TOKEN_REFUSALS,
        *responses_of(RefusalCode.GIFT_CARD_NOT_FOUND),
        LIMITED,
        (503, "database_unavailable"),
    ),
)
async def read_gift_card_balance(
    body: GiftCodeBody, request: Request, user: CurrentUser, context: ContextDep
) -> GiftBalanceBody:
    """What is left on a card that is the user's, or nobody's yet.

    One answer for a code that is unknown, used up, expired, or redeemed by somebody else.
    """
    guess = guessing(context, user.id, request, gift_code=body.code)
    async with guess, context.database.read() as connection:
        card = await find_shown_card(connection, user.id, context.gift_codes.hash_of(body.code))
    return GiftBalanceBody.model_validate(card)


@router.post(
    "/subscriptions/{subscription_id}/redeem",
    response_model=RedeemedGiftBody,
    openapi_extra=key_parameter(required=False),
    responses=problem_responses(
        *TOKEN_REFUSALS,
        *COMMAND_REFUSALS,
        NOT_FOUND,
        *responses_of(
            RefusalCode.SUBSCRIPTION_ENDED,
            RefusalCode.GIFT_CARD_NOT_FOUND,
            RefusalCode.GIFT_CARD_EMPTY,
            RefusalCode.CURRENCY_MISMATCH,
        ),
        LIMITED,
    ),
)
async def redeem_gift_card(
    subscription_id: RowId, body: RedeemGiftBody, request: Request, asked: CommandRequestDep
) -> JSONResponse:
    """Makes a gift card the user's: their next invoices are paid from it, before anything is charged.

    It belongs to whoever redeems it first; redeeming it again changes nothing. Answers what is left on it.

    It pays no invoice that is open already, since a finalized one never changes: `open_invoice` stays due,
    also in `past_due` and `unpaid`, and is paid with `POST /invoices/{id}/pay`. The card pays those that are
    opened from now on. Whoever wants to go on from gift cards alone cancels, which voids it, and starts anew.
    """

    async def act(command_id: str) -> RedeemedGiftBody:
        code_hash = asked.context.gift_codes.hash_of(body.gift_code).hex()
        command = RedeemGiftCommand(command_id, code_hash, await asked.cause())
        async with guessing(asked.context, asked.user.id, request, gift_code=body.gift_code):
            card, due = await asked.context.redeemer.redeem(asked.user.id, subscription_id, command)
        return RedeemedGiftBody.of(card, due)

    return await asked.once(body, act)


@router.get("/me/purse", responses=problem_responses(*TOKEN_REFUSALS, (503, "database_unavailable")))
async def read_my_purse(user: CurrentUser, context: ContextDep) -> PurseBody:
    """Gift cards and balance: what the next invoices are paid from before anything is charged."""
    async with context.database.read() as connection:
        return await show_purse(connection, user.id)
