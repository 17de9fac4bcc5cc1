"""Gives an invoice back to what it was paid with, on behalf of staff, as `api.refund_payment` does a payment.

What was asked for under one key is a credit note, a refund, or both: they are written in one transaction, and
whoever repeats the request finds them.
"""

from dataclasses import dataclass
from datetime import datetime

from structlog.contextvars import bind_contextvars

from activities.contracts import Cause, RefundInvoice
from api.open_refund import FindCause, Opening, RefundOpener
from api.pay_invoice import no_such_invoice
from api.refusals import problem_of
from api.workflow_updates import interrupted
from db.database import Connection, Database
from db.queries import credit_notes, refund_views, refundable
from db.queries.credit_notes import CreditNoteView
from db.queries.refund_views import RefundView
from db.queries.refundable import RefundableInvoice
from domain.refund import amount_to_refund
from domain.refusals import RefusalCode, Refused
from workflows.messages import RefundLife
from workflows.refund import invoice_refund_workflow_id


@dataclass(frozen=True)
class InvoiceRefundOrder:
    """What staff ask for; without an amount all that is left.

    `command_id` is the same when the same request comes again.
    """

    invoice_id: int
    amount_cents: int | None
    command_id: str

    @property
    def key(self) -> str:
        return f"invoice:{self.invoice_id}:staff:{self.command_id}"


@dataclass(frozen=True)
class InvoiceRefund:
    """`refund` is on its way to the card; `credit_note` is about what balance and gift cards got back."""

    currency: str
    refund: RefundView | None
    credit_note: CreditNoteView | None


@dataclass(frozen=True)
class InvoiceRefunder:
    database: Database
    opener: RefundOpener

    async def refund(self, order: InvoiceRefundOrder, find_cause: FindCause) -> InvoiceRefund:
        """Raises `Problem`: 404, 409 when less is left of the invoice, 503 when Temporal is away."""
        async with self.database.read() as connection:
            invoice = await refundable.find_invoice(connection, order.invoice_id)
            if invoice is None:
                raise no_such_invoice()
            bind_contextvars(subscription_id=invoice.subscription_id)
            opened = await _find(connection, invoice, order.key)
        if opened is not None:
            return opened
        try:
            left_cents = invoice.left.total_cents
            amount_to_refund(order.amount_cents, left_cents, RefusalCode.REFUND_EXCEEDS_INVOICE)
        except Refused as refused:
            raise problem_of(refused) from refused
        await self.opener.open(_opening(order, invoice, await find_cause(invoice.user_id)))
        async with self.database.read() as connection:
            opened = await _find(connection, invoice, order.key)
        if opened is None:
            raise interrupted()
        return opened


async def _find(connection: Connection, invoice: RefundableInvoice, key: str) -> InvoiceRefund | None:
    refund = await refund_views.find_refund(connection, key)
    credit_note = await credit_notes.find_note(connection, key)
    if refund is None and credit_note is None:
        return None
    return InvoiceRefund(invoice.currency, refund, credit_note)


def _opening(order: InvoiceRefundOrder, invoice: RefundableInvoice, cause: Cause) -> Opening:
    def life_at(at: datetime) -> RefundLife:
        opening = RefundInvoice(order.invoice_id, order.key, order.amount_cents, cause, at)
        return RefundLife(at, invoice=opening)

    return Opening(
        workflow_id=invoice_refund_workflow_id(order.invoice_id, order.command_id),
        summary=f"refund of invoice {order.invoice_id}",
        subscription_id=invoice.subscription_id,
        clock_offset=invoice.clock_offset,
        life_at=life_at,
    )
