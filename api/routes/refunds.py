"""For staff: a payment, and giving it back."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import JSONResponse

from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.context import ContextDep
from api.idempotency import KEY_REFUSALS, OptionalKey, key_parameter, request_hash
from api.problems import problem_responses
from api.refund_payment import RefundOrder, no_such_payment
from api.refusals import responses_of
from api.routes.subscriptions import AWAY
from api.schemas.base import LARGEST_ID
from api.schemas.refunds import RefundOrderBody, StaffPaymentBody, StaffRefundBody
from db.queries import refund_views
from domain.refusals import RefusalCode
from ops.tracing import current_trace_id

router = APIRouter(prefix="/admin/payments", tags=["Staff"])

PaymentId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
NOT_FOUND = (404, "payment_not_found")


@router.get(
    "/{payment_id}", responses=problem_responses(*STAFF_REFUSALS, NOT_FOUND, (503, "database_unavailable"))
)
async def read_payment(
    payment_id: PaymentId,
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
) -> StaffPaymentBody:
    """What was received, what has gone back of it, and what is left."""
    async with context.database.read() as connection:
        payment = await refund_views.find_payment(connection, payment_id)
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
        *STAFF_REFUSALS,
        *KEY_REFUSALS,
        (409, "idempotency_in_progress"),
        NOT_FOUND,
        *responses_of(RefusalCode.REFUND_EXCEEDS_PAYMENT),
        *AWAY,
    ),
)
async def refund_payment(
    payment_id: PaymentId,
    body: RefundOrderBody,
    request: Request,
    staff: CurrentStaff,
    key: OptionalKey,
    context: ContextDep,
) -> JSONResponse:
    """Gives back part or all of a payment, also after its subscription has ended.

    The answer comes when the refund is open; what its provider says of it can be read later.
    """
    order = RefundOrder(
        payment_id=payment_id,
        amount_cents=body.amount_cents,
        reason=body.reason,
        staff_id=staff.id,
        trace_id=current_trace_id(),
    )

    async def act(command_id: str) -> StaffRefundBody:
        return StaffRefundBody.model_validate(await context.refunder.refund(order, command_id))

    content_hash = request_hash("POST", request.url.path, body)
    return await context.answers.once(staff.id, key, content_hash, act, status_code=202)
