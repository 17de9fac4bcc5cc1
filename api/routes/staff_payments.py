"""For staff: payments, and giving them back."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.command_request import COMMAND_REFUSALS, StaffRequestDep
from api.context import ContextDep
from api.idempotency import key_parameter
from api.paging import cut
from api.problems import problem_responses
from api.refund_payment import RefundOrder, no_such_payment
from api.refusals import responses_of
from api.schemas.base import RowId
from api.schemas.refunds import RefundOrderBody, StaffPaymentBody, StaffRefundBody
from api.schemas.searches import PaymentSearch
from api.schemas.staff_found import FoundPaymentBody, FoundPaymentPage
from db.queries import refund_views, refundable
from db.queries.payment_search import search_payments
from domain.refusals import RefusalCode

router = APIRouter(prefix="/admin/payments", tags=["Staff"])

NOT_FOUND = (404, "payment_not_found")


@router.get(
    "",
    responses=problem_responses(*STAFF_REFUSALS, (422, "invalid_cursor"), (503, "database_unavailable")),
)
async def search_payments_as_staff(
    asked: Annotated[PaymentSearch, Query()],
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
) -> FoundPaymentPage:
    """Anybody's payments that are all that is asked for, the newest first."""
    page = asked.page
    async with context.database.read() as connection:
        found = await search_payments(connection, asked.only, before_id=page.after_id, limit=page.limit + 1)
    shown, cursor = cut(found, page, lambda one: one.id)
    return FoundPaymentPage(items=[FoundPaymentBody.model_validate(one) for one in shown], next_cursor=cursor)


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
        opened = await asked.context.refunder.refund(
            order, lambda about: asked.cause(body.reason, about=about)
        )
        return StaffRefundBody.model_validate(opened)

    return await asked.once(body, act, status_code=202)
