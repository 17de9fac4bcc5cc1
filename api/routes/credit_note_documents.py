"""Credit notes as a person files them."""

from functools import partial
from typing import Final

from fastapi import APIRouter

from api.auth.current_user import TOKEN_REFUSALS, CurrentUser
from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.context import Context, ContextDep
from api.print_document import PRINT_REFUSALS, PdfResponse, admit_reader, printed
from api.problems import Problem, problem_responses
from api.schemas.base import RowId
from db.queries.credit_note_documents import CreditNoteDocument, find_document
from ops.settings import Settings

router = APIRouter(tags=["Invoices"])
admin_router = APIRouter(prefix="/admin", tags=["Staff"])

REFUSALS: Final = ((404, "credit_note_not_found"), *PRINT_REFUSALS)


@router.get(
    "/credit-notes/{credit_note_id}.pdf",
    response_class=PdfResponse,
    responses=problem_responses(*TOKEN_REFUSALS, *REFUSALS),
)
async def read_credit_note_pdf(credit_note_id: RowId, user: CurrentUser, context: ContextDep) -> PdfResponse:
    """One credit note on paper. Somebody else's looks like one that does not exist."""
    return await _printed(context, credit_note_id, reader_id=user.id, buyer_id=user.id)


@admin_router.get(
    "/credit-notes/{credit_note_id}.pdf",
    response_class=PdfResponse,
    responses=problem_responses(*STAFF_REFUSALS, *REFUSALS),
)
async def read_credit_note_pdf_as_staff(
    credit_note_id: RowId, staff: CurrentStaff, context: ContextDep
) -> PdfResponse:
    """Anybody's credit note on paper."""
    return await _printed(context, credit_note_id, reader_id=staff.id, buyer_id=None)


async def _printed(
    context: Context, credit_note_id: int, *, reader_id: int, buyer_id: int | None
) -> PdfResponse:
    await admit_reader(context, reader_id)
    async with context.database.read() as connection:
        note = await find_document(connection, credit_note_id, buyer_id=buyer_id)
    if note is None:
        raise Problem(404, "credit_note_not_found", "There is no such credit note.")
    return await printed(context, note.number, partial(_print, note))


def _print(note: CreditNoteDocument, settings: Settings) -> bytes:
    from api.documents.credit_note_pdf import render_credit_note  # noqa: PLC0415 - half a second to import
    from api.documents.layout import Seller  # noqa: PLC0415 - as above

    seller = Seller(settings.seller_name, settings.seller_address, settings.seller_tax_id)
    return render_credit_note(note, seller)
