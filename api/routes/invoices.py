"""The user's own invoices, and paying them."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from api.auth.current_user import TOKEN_REFUSALS, CurrentUser
from api.command_request import COMMAND_REFUSALS, CommandRequestDep
from api.context import ContextDep
from api.idempotency import Accepted, key_parameter
from api.paging import encode_cursor
from api.pay_invoice import PayInvoice, no_such_invoice
from api.payment_methods import METHOD_REFUSALS
from api.problems import problem_responses
from api.refusals import responses_of
from api.schemas.base import RowId
from api.schemas.invoices import InvoiceBody, InvoicePage, InvoicePaymentBody, PayBody, PaymentBody
from api.schemas.searches import OwnInvoiceSearch
from db.queries import invoice_views
from db.queries.invoice_views import PaymentView
from domain.invoice import InvoiceStatus
from domain.payment import PaymentStatus
from domain.refusals import RefusalCode

router = APIRouter(tags=["Invoices"])

WAITING: dict[int | str, dict[str, Any]] = {
    202: {"model": InvoicePaymentBody, "description": "The payment waits for its payer or its provider."}
}
AWAY = (503, "database_unavailable")


@router.get("/invoices", responses=problem_responses(*TOKEN_REFUSALS, (422, "invalid_cursor"), AWAY))
async def list_invoices(
    user: CurrentUser, context: ContextDep, asked: Annotated[OwnInvoiceSearch, Query()]
) -> InvoicePage:
    """The newest first, with their lines, payments and credit notes."""
    page = asked.page
    async with context.database.read() as connection:
        found = await invoice_views.list_invoices(
            connection, user.id, after_id=page.after_id, limit=page.limit + 1, status=asked.status
        )
    shown = found[: page.limit]
    return InvoicePage(
        items=[InvoiceBody.model_validate(invoice) for invoice in shown],
        next_cursor=encode_cursor(shown[-1].id) if len(found) > page.limit else None,
    )


@router.get(
    "/invoices/{invoice_id}", responses=problem_responses(*TOKEN_REFUSALS, (404, "invoice_not_found"), AWAY)
)
async def read_invoice(invoice_id: RowId, user: CurrentUser, context: ContextDep) -> InvoiceBody:
    """One invoice with its lines, payments and credit notes. Somebody else's looks as if it did not exist."""
    async with context.database.read() as connection:
        invoice = await invoice_views.find_invoice(connection, invoice_id, user_id=user.id)
    if invoice is None:
        raise no_such_invoice()
    return InvoiceBody.model_validate(invoice)


@router.post(
    "/invoices/{invoice_id}/pay",
    response_model=InvoicePaymentBody,
    openapi_extra=key_parameter(required=False),
    responses=WAITING
    | problem_responses(
        *TOKEN_REFUSALS,
        *COMMAND_REFUSALS,
        *METHOD_REFUSALS,
        (402, "payment_failed"),
        (404, "invoice_not_found"),
        *responses_of(RefusalCode.INVOICE_NOT_PAYABLE, RefusalCode.PAYMENT_IN_PROGRESS),
    ),
)
async def pay_invoice(
    invoice_id: RowId, asked: CommandRequestDep, body: PayBody | None = None
) -> JSONResponse:
    """Pays an open invoice now; this spends none of the automatic retries.

    With a `payment_method` of its own it is charged once, and renewals are charged as before. 202 when the
    payment waits for its payer (`action_url`, or the manual provider) or takes its provider long.
    """
    wanted = body or PayBody()
    offered = wanted.payment_method.as_offered() if wanted.payment_method else None

    async def act(command_id: str) -> InvoicePaymentBody | Accepted:
        order = PayInvoice(invoice_id, offered, command_id, await asked.cause())
        return paid_or_waiting(await asked.context.payer.pay(asked.user.id, order))

    return await asked.once(wanted, act)


def paid_or_waiting(payment: PaymentView) -> InvoicePaymentBody | Accepted:
    is_paid = payment.status == PaymentStatus.SUCCEEDED
    answer = InvoicePaymentBody(
        invoice_id=payment.invoice_id,
        invoice_status=InvoiceStatus.PAID if is_paid else InvoiceStatus.OPEN,
        payment=PaymentBody.model_validate(payment),
    )
    return answer if is_paid else Accepted(answer)
