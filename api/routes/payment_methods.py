"""The user's stored payment methods."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.auth.current_user import TOKEN_REFUSALS, CurrentUser
from api.command_request import AWAY, COMMAND_REFUSALS, CommandRequestDep, cause_of
from api.context import ContextDep
from api.idempotency import key_parameter
from api.payment_methods import METHOD_REFUSALS
from api.problems import problem_responses
from api.refusals import responses_of
from api.schemas.base import RowId
from api.schemas.payment_methods import OfferedMethodBody, PaymentMethodBody
from db.queries import payment_methods
from domain.refusals import RefusalCode

router = APIRouter(prefix="/me/payment-methods", tags=["Payment methods"])


@router.post(
    "",
    status_code=201,
    response_model=PaymentMethodBody,
    openapi_extra=key_parameter(required=False),
    responses=problem_responses(*TOKEN_REFUSALS, *COMMAND_REFUSALS, *METHOD_REFUSALS),
)
async def add_payment_method(body: OfferedMethodBody, asked: CommandRequestDep) -> JSONResponse:
    """Stores a payment method as the new default, which the live subscription is charged to from now on.

    What is past due or unpaid is collected at once.
    """

    async def act(_command_id: str) -> PaymentMethodBody:
        stored = await asked.context.chooser.add(asked.user.id, body.as_offered(), await asked.cause())
        return PaymentMethodBody.model_validate(stored)

    return await asked.once(body, act, status_code=201)


@router.get("", responses=problem_responses(*TOKEN_REFUSALS, (503, "database_unavailable")))
async def list_payment_methods(user: CurrentUser, context: ContextDep) -> list[PaymentMethodBody]:
    """The stored ones, the default first."""
    async with context.database.read() as connection:
        stored = await payment_methods.list_methods(connection, user.id)
    return [PaymentMethodBody.model_validate(method) for method in stored]


@router.delete(
    "/{method_id}",
    status_code=204,
    responses=problem_responses(*TOKEN_REFUSALS, *responses_of(RefusalCode.PAYMENT_METHOD_NOT_FOUND), *AWAY),
)
async def remove_payment_method(method_id: RowId, user: CurrentUser, context: ContextDep) -> None:
    """Forgets it. What was charged to it is charged to the next default or, without one, paid by a person."""
    await context.chooser.remove(user.id, method_id, cause_of(user))
