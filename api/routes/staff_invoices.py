"""For staff: invoices, and giving them back to what they were paid with."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.command_request import COMMAND_REFUSALS, StaffRequestDep
from api.context import ContextDep
from api.idempotency import key_parameter
from api.paging import cut
from api.pay_invoice import no_such_invoice
from api.problems import problem_responses
from api.refund_invoice import InvoiceRefundOrder
from api.refusals import responses_of
from api.schemas.base import RowId
from api.schemas.refunds import InvoiceRefundBody, RefundOrderBody, StaffInvoiceBody
from api.schemas.searches import InvoiceSearch
from api.schemas.staff_found import FoundInvoiceBody, FoundInvoicePage
from db.queries import invoice_views, refundable
from db.queries.invoice_search import search_invoices
from domain.refusals import RefusalCode

router = APIRouter(prefix="/admin/invoices", tags=["Staff"])

NOT_FOUND = (404, "invoice_not_found")


@router.get(
    "",
    responses=problem_responses(*STAFF_REFUSALS, (422, "invalid_cursor"), (503, "database_unavailable")),
)
async def search_invoices_as_staff(
    asked: Annotated[InvoiceSearch, Query()],
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
) -> FoundInvoicePage:
    """Anybody's invoices that are all that is asked for, the newest first, without their lines."""
    page = asked.page
    async with context.database.read() as connection:
        found = await search_invoices(connection, asked.only, before_id=page.after_id, limit=page.limit + 1)
    shown, cursor = cut(found, page, lambda one: one.id)
    return FoundInvoicePage(items=[FoundInvoiceBody.model_validate(one) for one in shown], next_cursor=cursor)


@router.get(
    "/{invoice_id}", responses=problem_responses(*STAFF_REFUSALS, NOT_FOUND, (503, "database_unavailable"))
)
async def read_invoice_as_staff(
    invoice_id: RowId,
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
) -> StaffInvoiceBody:
    """Anybody's invoice as its buyer sees it, and what of it can be given back."""
    async with context.database.read() as connection:
        invoice = await invoice_views.find_invoice(connection, invoice_id)
        left = await refundable.find_invoice(connection, invoice_id)
    if invoice is None or left is None:
        raise no_such_invoice()
    return StaffInvoiceBody.of(invoice, left)


@router.post(
    "/{invoice_id}/refund",
    status_code=202,
    response_model=InvoiceRefundBody,
    openapi_extra=key_parameter(required=False),
    responses=problem_responses(
        *STAFF_REFUSALS, *COMMAND_REFUSALS, NOT_FOUND, *responses_of(RefusalCode.REFUND_EXCEEDS_INVOICE)
    ),
)
async def refund_invoice(invoice_id: RowId, body: RefundOrderBody, asked: StaffRequestDep) -> JSONResponse:
    """Gives part or all of a paid invoice back: to the card first, then to the balance, then to gift cards.

    Balance and gift cards have their part at once; what the card's provider says of the rest can be read
    later. The balance gets the part of a gift card that has expired.
    """

    async def act(command_id: str) -> InvoiceRefundBody:
        order = InvoiceRefundOrder(invoice_id, body.amount_cents, command_id)
        done = await asked.context.invoice_refunder.refund(
            order, lambda about: asked.cause(body.reason, about=about)
        )
        return InvoiceRefundBody.of(invoice_id, done)

    return await asked.once(body, act, status_code=202)
