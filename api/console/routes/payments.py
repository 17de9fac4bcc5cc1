"""Payments, giving them back, and invoices on paper."""

import re

from fastapi import Request
from starlette.responses import HTMLResponse, RedirectResponse

from api.console.forms import PostedForm, PostedFormDep
from api.console.pages import HOME, go_to, page
from api.console.route import pages_router
from api.console.session import CurrentSession
from api.context import ContextDep
from api.print_document import PdfResponse
from api.problems import Problem
from api.routes import credit_note_documents, invoice_documents, staff_payments
from api.schemas.base import RowId
from api.schemas.refunds import RefundOrderBody

router = pages_router()

_AMOUNT = re.compile(r"(\d{1,12})(?:[.,](\d{2}))?", re.ASCII)


@router.get("/payments/{payment_id}")
async def show_payment(
    request: Request, payment_id: RowId, session: CurrentSession, context: ContextDep
) -> HTMLResponse:
    """What was received, what has gone back, and what is left to be given back."""
    payment = await staff_payments.read_payment(payment_id, session.user, context)
    return page(request, "payment.html", payment=payment)


@router.post("/payments/{payment_id}/refund")
async def refund(payment_id: RowId, posted: PostedFormDep) -> RedirectResponse:
    """All that is left, unless it says how much."""
    body = posted.read(RefundOrderBody, amount_cents=_cents(posted), reason=posted.text("reason"))
    await posted.carry_out(lambda asked: staff_payments.refund_payment(payment_id, body, asked))
    return go_to(f"{HOME}/payments/{payment_id}?done=refund")


@router.get("/invoices/{invoice_id}.pdf")
async def read_invoice(invoice_id: RowId, session: CurrentSession, context: ContextDep) -> PdfResponse:
    return await invoice_documents.read_invoice_pdf_as_staff(invoice_id, session.user, context)


@router.get("/credit-notes/{credit_note_id}.pdf")
async def read_credit_note(
    credit_note_id: RowId, session: CurrentSession, context: ContextDep
) -> PdfResponse:
    return await credit_note_documents.read_credit_note_pdf_as_staff(credit_note_id, session.user, context)


def _cents(posted: PostedForm) -> int | None:
    """Of an amount as people write it: `12`, `12.50`, `12,50`. Raises a 422 `Problem`."""
    amount = posted.text("amount")
    if amount is None:
        return None
    match = _AMOUNT.fullmatch(amount)
    if match is None:
        raise Problem(422, "invalid_amount", "Write an amount as in 12.50, without its currency.")
    units, hundredths = match.groups()
    return int(units) * 100 + int(hundredths or 0)
