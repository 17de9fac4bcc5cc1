"""The user's own invoices."""

from typing import Annotated

from fastapi import APIRouter, Path

from api.auth.current_user import TOKEN_REFUSALS, CurrentUser
from api.context import ContextDep
from api.paging import PageRequestDep, encode_cursor
from api.problems import Problem, problem_responses
from api.schemas.base import LARGEST_ID
from api.schemas.invoices import InvoiceBody, InvoicePage
from db.queries import invoice_views
from domain.invoice import InvoiceStatus

router = APIRouter(tags=["Invoices"])

AWAY = (503, "database_unavailable")


@router.get("/invoices", responses=problem_responses(*TOKEN_REFUSALS, (422, "invalid_cursor"), AWAY))
async def list_invoices(
    user: CurrentUser, context: ContextDep, page: PageRequestDep, status: InvoiceStatus | None = None
) -> InvoicePage:
    """The newest first, with their lines and payments."""
    async with context.database.read() as connection:
        found = await invoice_views.list_invoices(
            connection, user.id, after_id=page.after_id, limit=page.limit + 1, status=status
        )
    shown = found[: page.limit]
    return InvoicePage(
        items=[InvoiceBody.model_validate(invoice) for invoice in shown],
        next_cursor=encode_cursor(shown[-1].id) if len(found) > page.limit else None,
    )


@router.get(
    "/invoices/{invoice_id}", responses=problem_responses(*TOKEN_REFUSALS, (404, "invoice_not_found"), AWAY)
)
async def read_invoice(
    invoice_id: Annotated[int, Path(ge=1, le=LARGEST_ID)], user: CurrentUser, context: ContextDep
) -> InvoiceBody:
    """One invoice with its lines and payments. Somebody else's looks like one that does not exist."""
    async with context.database.read() as connection:
        invoice = await invoice_views.find_invoice(connection, user.id, invoice_id)
    if invoice is None:
        raise Problem(404, "invoice_not_found", "There is no such invoice.")
    return InvoiceBody.model_validate(invoice)
