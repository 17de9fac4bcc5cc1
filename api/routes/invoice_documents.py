"""Invoices as a person files them. Included before the routes that read `{invoice_id}.pdf` as an id."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Path, Response

from api.auth.current_user import TOKEN_REFUSALS, CurrentUser
from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.context import Context, ContextDep
from api.problems import Problem, problem_responses
from api.rate_limits import Limit, admit
from api.schemas.base import LARGEST_ID
from db.queries.invoice_documents import InvoiceDocument, find_document
from domain.invoice import InvoiceStatus
from ops.settings import Settings

router = APIRouter(tags=["Invoices"])
admin_router = APIRouter(prefix="/admin", tags=["Staff"])

PAGES_PER_MINUTE: Final = 60
"""For one user: each costs about a tenth of a second of a processor."""

REFUSALS: Final = (
    (404, "invoice_not_found"),
    (409, "invoice_not_finalized"),
    (429, "too_many_attempts"),
    (503, "database_unavailable"),
)

InvoiceId = Annotated[int, Path(ge=1, le=LARGEST_ID)]

_printer = ThreadPoolExecutor(1, thread_name_prefix="invoices")


class PdfResponse(Response):
    media_type = "application/pdf"


@router.get(
    "/invoices/{invoice_id}.pdf",
    response_class=PdfResponse,
    responses=problem_responses(*TOKEN_REFUSALS, *REFUSALS),
)
async def read_invoice_pdf(invoice_id: InvoiceId, user: CurrentUser, context: ContextDep) -> PdfResponse:
    """One invoice on paper, once it is finalized. Somebody else's looks like one that does not exist."""
    return await _printed(context, invoice_id, reader_id=user.id, buyer_id=user.id)


@admin_router.get(
    "/invoices/{invoice_id}.pdf",
    response_class=PdfResponse,
    responses=problem_responses(*STAFF_REFUSALS, *REFUSALS),
)
async def read_invoice_pdf_as_staff(
    invoice_id: InvoiceId, staff: CurrentStaff, context: ContextDep
) -> PdfResponse:
    """Anybody's invoice on paper, once it is finalized."""
    return await _printed(context, invoice_id, reader_id=staff.id, buyer_id=None)


async def _printed(context: Context, invoice_id: int, *, reader_id: int, buyer_id: int | None) -> PdfResponse:
    await admit(context, Limit("invoice_pdf", str(reader_id), PAGES_PER_MINUTE, timedelta(minutes=1)))
    async with context.database.read() as connection:
        invoice = await find_document(connection, invoice_id, buyer_id=buyer_id)
    if invoice is None:
        raise Problem(404, "invoice_not_found", "There is no such invoice.")
    if invoice.status is InvoiceStatus.DRAFT:
        raise Problem(409, "invoice_not_finalized", "The invoice is a draft, which has no number yet.")
    printing = asyncio.get_running_loop().run_in_executor(_printer, _print, invoice, context.settings)
    headers = {"Content-Disposition": f'attachment; filename="{invoice.number}.pdf"'}
    return PdfResponse(await printing, headers=headers)


def _print(invoice: InvoiceDocument, settings: Settings) -> bytes:
    from api.documents.invoice_pdf import Seller, render_invoice  # noqa: PLC0415 - half a second to import

    seller = Seller(settings.seller_name, settings.seller_address, settings.seller_tax_id)
    return render_invoice(invoice, seller)
