"""Bodies about money that goes back."""

from typing import Annotated

from pydantic import Field, StringConstraints

from api.refund_invoice import InvoiceRefund
from api.schemas.base import LARGEST_ID, RequestBody, ResponseBody, UtcInstant
from api.schemas.invoices import CreditNoteBody, InvoiceBody
from db.queries.invoice_views import InvoiceView
from db.queries.refund_views import RefundView
from db.queries.refundable import RefundableInvoice, RefundablePayment
from domain.payment import PaymentStatus
from domain.refund import RefundReason, RefundStatus


class RefundOrderBody(RequestBody):
    """Without `amount_cents` all that is left goes back. `reason` is for staff alone."""

    amount_cents: Annotated[int, Field(ge=1, le=LARGEST_ID)] | None = None
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500)] = Field(
        examples=["charged twice, the customer called"]
    )


class StaffRefundBody(ResponseBody):
    """`created` is on its way, `unknown` was sent and not answered yet, `failed` was refused.

    `actor` is who asked for it, and `note` what they wrote about it. `reference` is the provider's own.
    """

    id: int
    payment_id: int
    reason: RefundReason
    status: RefundStatus
    amount_cents: int
    currency: str
    actor: str
    note: str | None
    reference: str | None
    trace_id: str
    created_at: UtcInstant
    settled_at: UtcInstant | None


class StaffPaymentBody(ResponseBody):
    """`left_cents` is what was received and has not gone back, nor is on its way. `disputed_cents` of it was
    charged back.

    What paid for nothing lies in the customer's balance: of that, what they have not spent.
    """

    id: int
    invoice_id: int
    subscription_id: int
    provider: str
    status: PaymentStatus
    amount_cents: int
    received_cents: int | None
    left_cents: int
    disputed_cents: int
    currency: str
    refunds: list[StaffRefundBody]

    @classmethod
    def of(cls, payment: RefundablePayment, refunds: list[RefundView]) -> "StaffPaymentBody":
        return cls(
            id=payment.payment_id,
            invoice_id=payment.invoice_id,
            subscription_id=payment.subscription_id,
            provider=payment.provider,
            status=PaymentStatus(payment.status),
            amount_cents=payment.amount_cents,
            received_cents=payment.received_cents,
            left_cents=payment.left_cents,
            disputed_cents=payment.disputed_cents,
            currency=payment.currency,
            refunds=[StaffRefundBody.model_validate(refund) for refund in refunds],
        )


class InvoiceRefundBody(ResponseBody):
    """What one request gives back, to the card first, then to the balance, then to gift cards.

    The card's part is its `refund`, which is on its way and gets a credit note when it has succeeded;
    `credit_note` is about what balance and gift cards have got back at once: the balance also what gift cards
    have paid that have expired.
    """

    invoice_id: int
    amount_cents: int
    card_cents: int
    balance_cents: int
    gift_cents: int
    currency: str
    refund: StaffRefundBody | None
    credit_note: CreditNoteBody | None

    @classmethod
    def of(cls, invoice_id: int, done: InvoiceRefund) -> "InvoiceRefundBody":
        refund, note = done.refund, done.credit_note
        card_cents = refund.amount_cents if refund else 0
        return cls(
            invoice_id=invoice_id,
            amount_cents=card_cents + (note.amount_cents if note else 0),
            card_cents=card_cents,
            balance_cents=note.balance_cents if note else 0,
            gift_cents=note.gift_cents if note else 0,
            currency=done.currency,
            refund=StaffRefundBody.model_validate(refund) if refund else None,
            credit_note=CreditNoteBody.model_validate(note) if note else None,
        )


class LeftBody(ResponseBody):
    """What of a paid invoice has not gone back, nor is on its way, by what it was paid with."""

    card_cents: int
    balance_cents: int
    gift_cents: int


class StaffInvoiceBody(InvoiceBody):
    """`left` is what can be refunded."""

    user_id: int
    left: LeftBody

    @classmethod
    def of(cls, invoice: InvoiceView, refundable: RefundableInvoice) -> "StaffInvoiceBody":
        left = refundable.left
        shown = InvoiceBody.model_validate(invoice).model_dump()
        parts = LeftBody(
            card_cents=left.card_cents,
            balance_cents=left.tenders.balance_cents,
            gift_cents=left.tenders.gift_cents,
        )
        return cls(**shown, user_id=refundable.user_id, left=parts)
