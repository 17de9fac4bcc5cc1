"""For staff: a payment, and giving it back."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.command_request import COMMAND_REFUSALS, StaffRequestDep
from api.context import ContextDep
from api.idempotency import key_parameter
from api.problems import problem_responses
from api.refund_payment import RefundOrder, no_such_payment
from api.refusals import responses_of
from api.schemas.base import RowId
from api.schemas.refunds import RefundOrderBody, StaffPaymentBody, StaffRefundBody
from db.queries import refund_views, refundable
from domain.refusals import RefusalCode

router = APIRouter(prefix="/admin/payments", tags=["Staff"])

NOT_FOUND = (404, "payment_not_found")


@router.get(
    "/{payment_id}", responses=problem_responses(*STAFF_REFUSALS, NOT_FOUND, (503, "database_unavailable"))
)
async def read_payment(
    payment_id: RowId,
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
) -> StaffPaymentBody:
    """What was received, what has gone back of it, and what is left."""
    async with context.database.read() as connection:
        payment = await refundable.find_payment(connection, payment_id)
        refunds = await refund_views.list_refunds(connection, [payment_id])
    if payment is None:
        raise no_such_payment()
    return StaffPaymentBody.of(payment, refunds)


@router.post(
    "/{payment_id}/refund",
    status_code=202,
    response_model=StaffRefundBody,
    openapi_extra=key_parameter(required=False),
    responses=problem_responses(
        *STAFF_REFUSALS, *COMMAND_REFUSALS, NOT_FOUND, *responses_of(RefusalCode.REFUND_EXCEEDS_PAYMENT)
    ),
)
async def refund_payment(payment_id: RowId, body: RefundOrderBody, asked: StaffRequestDep) -> JSONResponse:
    """Gives back part or all of a payment, also after its subscription has ended.

    The answer comes when the refund is open; what its provider says of it can be read later.
    """

    async def act(command_id: str) -> StaffRefundBody:
        order = RefundOrder(payment_id, body.amount_cents, command_id)
        opened = await asked.context.refunder.refund(order, lambda: asked.cause(body.reason))
        return StaffRefundBody.model_validate(opened)

    return await asked.once(body, act, status_code=202)
