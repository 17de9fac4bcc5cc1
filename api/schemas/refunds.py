"""Bodies about money that goes back."""

from typing import Annotated

from pydantic import Field, StringConstraints

from api.schemas.base import LARGEST_ID, RequestBody, ResponseBody, UtcInstant
from db.queries.refund_views import RefundablePayment, RefundView
from domain.payment import PaymentStatus
from domain.refund import RefundReason, RefundStatus


class RefundOrderBody(RequestBody):
    """Without `amount_cents` all that is left of the payment goes back. `reason` is for staff alone."""

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
