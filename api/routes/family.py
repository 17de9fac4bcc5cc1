"""A family: who has a seat on a subscription, who is invited, and who takes it over."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.auth.current_user import TOKEN_REFUSALS, CurrentUser, SignedInUser
from api.code_limits import guessing
from api.command_request import COMMAND_REFUSALS, CommandRequest, CommandRequestDep, cause_of
from api.context import Context, ContextDep
from api.families import Families
from api.idempotency import KEY_REFUSALS, key_parameter
from api.problems import problem_responses
from api.refusals import refusals_as_problems, responses_of
from api.routes.subscriptions import NOT_FOUND
from api.schemas.base import RowId
from api.schemas.family import FamilyBody, InvitationBody, MembershipBody, SeatGivenBackBody, TransferBody
from api.schemas.subscriptions import SubscriptionBody
from api.show_family import show_family, with_token
from db.database import Connection
from domain.refusals import RefusalCode

router = APIRouter(tags=["Families"])

OF_ONE = "/subscriptions/{subscription_id}"
KEY = key_parameter(required=False)
AWAY = (503, "database_unavailable")
WRITTEN = (*TOKEN_REFUSALS, *KEY_REFUSALS, (409, "idempotency_in_progress"), AWAY)
NO_SEAT = responses_of(RefusalCode.FAMILY_NOT_OPEN, RefusalCode.NOT_A_FAMILY_PLAN, RefusalCode.SEATS_FULL)

Body = TypeVar("Body", bound=BaseModel)
Act = Callable[[Families], Awaitable[Body]]


@router.get(f"{OF_ONE}/members", responses=problem_responses(*TOKEN_REFUSALS, NOT_FOUND, AWAY))
async def read_family(subscription_id: RowId, user: CurrentUser, context: ContextDep) -> FamilyBody:
    """The owner sees who has a seat, and which invitations are open. Members don't see each other."""
    async with context.database.read() as connection:
        return await show_family(connection, user.id, subscription_id)


@router.post(
    f"{OF_ONE}/members",
    status_code=201,
    response_model=InvitationBody,
    openapi_extra=KEY,
    responses=problem_responses(
        *WRITTEN, NOT_FOUND, *NO_SEAT, *responses_of(RefusalCode.TOO_MANY_INVITATIONS)
    ),
)
async def invite_member(subscription_id: RowId, asked: CommandRequestDep) -> JSONResponse:
    """Makes an invitation: a token that one person may join with, within 7 days. It is shown only here.

    It holds no seat: whoever is first has it. Twenty may be open at a time.
    """
    tokens = asked.context.invitation_tokens

    def reveal(kept: dict[str, Any]) -> dict[str, Any]:
        return with_token(tokens, kept)

    return await asked.once_written(
        None,
        _writing(asked, lambda families: families.invite(subscription_id)),
        status_code=201,
        reveal=reveal,
    )


@router.delete(
    f"{OF_ONE}/invitations/{{invitation_id}}",
    status_code=204,
    responses=problem_responses(
        *TOKEN_REFUSALS, NOT_FOUND, *responses_of(RefusalCode.INVITATION_NOT_FOUND), AWAY
    ),
)
async def take_invitation_back(
    subscription_id: RowId, invitation_id: RowId, user: CurrentUser, context: ContextDep
) -> None:
    """Nobody can join by it any more. One that is used, expired or taken back is not found."""
    with refusals_as_problems():
        async with context.database.transaction() as connection:
            await _families(context, user, connection).take_back(subscription_id, invitation_id)


@router.delete(
    f"{OF_ONE}/members/{{user_id}}",
    status_code=204,
    responses=problem_responses(*TOKEN_REFUSALS, NOT_FOUND, *responses_of(RefusalCode.NOT_A_MEMBER), AWAY),
)
async def remove_member(
    subscription_id: RowId, user_id: RowId, user: CurrentUser, context: ContextDep
) -> None:
    """The owner gives a member's seat back: their access ends now."""
    with refusals_as_problems():
        async with context.database.transaction() as connection:
            await _families(context, user, connection).remove(subscription_id, user_id)


@router.post(
    "/invitations/{token}/accept",
    response_model=MembershipBody,
    openapi_extra=KEY,
    responses=problem_responses(
        *WRITTEN,
        *NO_SEAT,
        *responses_of(
            RefusalCode.INVITATION_NOT_FOUND, RefusalCode.ALREADY_A_MEMBER, RefusalCode.SUBSCRIPTION_EXISTS
        ),
        (429, "too_many_attempts"),
    ),
)
async def accept_invitation(token: str, request: Request, asked: CommandRequestDep) -> JSONResponse:
    """Takes a seat: the owner's access is the member's from now on.

    One answer for a token that is unknown, used by somebody else, expired or taken back. Accepting twice is
    accepting once.
    """
    async with guessing(asked.context, asked.user.id, request, invitation=token):
        return await asked.once_written(None, _writing(asked, lambda families: families.accept(token)))


@router.post(
    f"{OF_ONE}/leave",
    response_model=SeatGivenBackBody,
    openapi_extra=KEY,
    responses=problem_responses(*WRITTEN, NOT_FOUND, *responses_of(RefusalCode.OWNER_CANNOT_LEAVE)),
)
async def leave_family(subscription_id: RowId, asked: CommandRequestDep) -> JSONResponse:
    """A member gives their seat back. Leaving twice is leaving once."""
    return await asked.once_written(None, _writing(asked, lambda families: families.leave(subscription_id)))


@router.post(
    f"{OF_ONE}/transfer",
    response_model=SubscriptionBody,
    openapi_extra=KEY,
    responses=problem_responses(
        *TOKEN_REFUSALS,
        *COMMAND_REFUSALS,
        NOT_FOUND,
        *responses_of(
            RefusalCode.NOT_A_MEMBER,
            RefusalCode.SUBSCRIPTION_EXISTS,
            RefusalCode.PAYMENT_IN_PROGRESS,
            RefusalCode.TRANSFER_NOT_POSSIBLE,
        ),
    ),
)
async def transfer_subscription(
    subscription_id: RowId, body: TransferBody, asked: CommandRequestDep
) -> JSONResponse:
    """Hands the subscription on to a member, who pays it from now on; the owner stays as a member.

    Not to one who pays for a subscription already, nor to one whose account staff have disabled.

    The paid time goes with it. Payment methods, gift cards, balance and invoices stay with whom they belong
    to. Answers what the user has then, as `GET /me/subscription` does.
    """

    async def act(command_id: str) -> SubscriptionBody:
        cause = await asked.cause()
        mine = await asked.context.transferrer.transfer(
            asked.user.id, subscription_id, body.user_id, command_id, cause
        )
        return SubscriptionBody.of_mine(mine)

    return await asked.once(body, act)


def _writing(asked: CommandRequest, act: Act[Body]) -> Callable[[Connection], Awaitable[Body]]:
    """For `once_written`."""

    async def write(connection: Connection) -> Body:
        with refusals_as_problems():
            return await act(_families(asked.context, asked.user, connection))

    return write


def _families(context: Context, user: SignedInUser, connection: Connection) -> Families:
    return Families(connection, context.invitation_tokens, user.id, cause_of(user))
