"""Bodies about a change of plan. All amounts are cents of the currency beside them and include VAT."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints

from api.schemas.base import RequestBody, ResponseBody, UtcInstant
from api.schemas.invoices import LineBody, PaymentBody
from api.schemas.subscriptions import SubscriptionBody
from db.queries.invoice_views import PaymentView
from db.queries.subscription_views import SubscriptionView
from domain.changing import When
from domain.plan_choice import Foreseen

PlanCode = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class ChangePlanPreviewBody(RequestBody):
    """`at` is an instant of the subscription's own time, inside its present period; by default now.

    It is not before the last change of plan, or the last thaw, inside that period.
    """

    plan_code: PlanCode = Field(examples=["P1Y"])
    at: UtcInstant | None = None
    when: Annotated[When, Field(strict=False)] | None = None


class ChangePlanBody(RequestBody):
    """Without `when` as usual: up now, down at the period's end. With a quote it costs what was quoted."""

    plan_code: PlanCode = Field(examples=["P1Y"])
    when: Annotated[When, Field(strict=False)] | None = None
    quote: Annotated[str, StringConstraints(min_length=1, max_length=2_048)] | None = None


class PlanChangePreviewBody(ResponseBody):
    """What the change would bill: now, for the rest of the period or a fresh one; or at the period's end.

    `charge_cents` is after the discount; `credit_cents` is for what is left of the present plan. Of their
    difference gift cards and balance pay what they have, and `amount_due_cents` is charged. A credit above
    the charge goes to the balance: `to_balance_cents`. What of it others had paid, before the subscription
    was handed on, goes to theirs: `to_others_balance_cents`. On trial nothing is billed.

    A `quote` for `now` fixes all of these amounts. One for `period_end` fixes plan and price: gift cards and
    balance are those at hand then, foreseen here without the cards that will have expired.
    """

    when: When
    period_start: UtcInstant
    period_end: UtcInstant
    currency: str
    charge_cents: int
    credit_cents: int
    discount_cents: int
    gift_cents: int
    balance_cents: int
    to_balance_cents: int
    to_others_balance_cents: int
    amount_due_cents: int
    lines: list[LineBody]
    quote: str

    @classmethod
    def of(cls, foreseen: Foreseen, quote: str) -> Self:
        invoice = foreseen.invoice
        return cls(
            when=foreseen.when,
            period_start=foreseen.period.start,
            period_end=foreseen.period.end,
            currency=foreseen.currency,
            charge_cents=invoice.charge_cents if invoice else 0,
            credit_cents=invoice.credit_cents if invoice else 0,
            discount_cents=invoice.discount_cents if invoice else 0,
            gift_cents=invoice.tenders.gift_cents if invoice else 0,
            balance_cents=invoice.tenders.balance_cents if invoice else 0,
            to_balance_cents=invoice.credited_to_own_balance_cents if invoice else 0,
            to_others_balance_cents=invoice.credited_to_others_cents if invoice else 0,
            amount_due_cents=invoice.amount_due_cents if invoice else 0,
            lines=[LineBody.of(line) for line in invoice.lines] if invoice else [],
            quote=quote,
        )


class ChangedPlanBody(SubscriptionBody):
    """The subscription; and the payment that was made for the change, or that it waits for."""

    payment: PaymentBody | None

    @classmethod
    def after(cls, view: SubscriptionView, payment: PaymentView | None) -> Self:
        return cls(
            **SubscriptionBody.of(view).model_dump(),
            payment=payment and PaymentBody.model_validate(payment),
        )
