"""Invoices as a person files them. Included before the routes that read `{invoice_id}.pdf` as an id."""

from functools import partial
from typing import Final

from fastapi import APIRouter

from api.auth.current_user import TOKEN_REFUSALS, CurrentUser
from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.context import Context, ContextDep
from api.pay_invoice import no_such_invoice
from api.print_document import PRINT_REFUSALS, PdfResponse, admit_reader, printed
from api.problems import Problem, problem_responses
from api.schemas.base import RowId
from db.queries.invoice_documents import InvoiceDocument, find_document
from domain.invoice import InvoiceStatus
from ops.settings import Settings

router = APIRouter(tags=["Invoices"])
admin_router = APIRouter(prefix="/admin", tags=["Staff"])

REFUSALS: Final = (
    (404, "invoice_not_found"),
    (409, "invoice_not_finalized"),
    *PRINT_REFUSALS,
)


@router.get(
    "/invoices/{invoice_id}.pdf",
    response_class=PdfResponse,
    responses=problem_responses(*TOKEN_REFUSALS, *REFUSALS),
)
async def read_invoice_pdf(invoice_id: RowId, user: CurrentUser, context: ContextDep) -> PdfResponse:
    """One invoice on paper, once it is finalized. Somebody else's looks like one that does not exist."""
    return await _printed(context, invoice_id, reader_id=user.id, buyer_id=user.id)


@admin_router.get(
    "/invoices/{invoice_id}.pdf",
    response_class=PdfResponse,
    responses=problem_responses(*STAFF_REFUSALS, *REFUSALS),
)
async def read_invoice_pdf_as_staff(
    invoice_id: RowId, staff: CurrentStaff, context: ContextDep
) -> PdfResponse:
    """Anybody's invoice on paper, once it is finalized."""
    return await _printed(context, invoice_id, reader_id=staff.id, buyer_id=None)


async def _printed(context: Context, invoice_id: int, *, reader_id: int, buyer_id: int | None) -> PdfResponse:
    await admit_reader(context, reader_id)
    async with context.database.read() as connection:
        invoice = await find_document(connection, invoice_id, buyer_id=buyer_id)
    if invoice is None:
        raise no_such_invoice()
    if invoice.status is InvoiceStatus.DRAFT:
        raise Problem(409, "invoice_not_finalized", "The invoice is a draft, which has no number yet.")
    return await printed(context, str(invoice.number), partial(_print, invoice))


def _print(invoice: InvoiceDocument, settings: Settings) -> bytes:
    from api.documents.invoice_pdf import render_invoice  # noqa: PLC0415 - half a second to import
    from api.documents.layout import Seller  # noqa: PLC0415 - as above

    seller = Seller(settings.seller_name, settings.seller_address, settings.seller_tax_id)
    return render_invoice(invoice, seller)
