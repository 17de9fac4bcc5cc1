"""Bodies of what a start would bill. All amounts are cents of the currency beside them and include VAT."""

from itertools import pairwise
from typing import Annotated, Self

from pydantic import AliasChoices, Field, StringConstraints, field_validator, model_validator

from api.schemas.base import RequestBody, ResponseBody, UtcInstant
from api.schemas.gift_cards import GiftCode
from api.schemas.invoices import LineBody
from api.schemas.subscriptions import GivenPromoCode
from domain.forecast import MOST_PERIODS, Forecast
from domain.invoice import Invoice

MOST_PLANNED = 50
"""Changes of plan, and freezes, in one preview."""

LAST_START_YEAR = 9_000
"""So that the last of the longest periods is still in our calendar."""

Code = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class PlannedChangeBody(RequestBody):
    """Made at once, up or down."""

    at: UtcInstant
    plan_code: Code


class PlannedFreezeBody(RequestBody):
    """Half-open: from `from` on, until just before `until`."""

    since: UtcInstant = Field(validation_alias="from")
    until: UtcInstant

    @model_validator(mode="after")
    def _refuse_no_time(self) -> Self:
        if self.until <= self.since:
            raise ValueError("`until` has to come after `from`")
        return self


class PreviewBody(RequestBody):
    """As for a start, whose `start_at` may be any instant here; without it, now.

    `periods` counts billing periods: one that a change begins is one of them, a trial is not. Changes and
    freezes are in the order of time.
    """

    plan_code: Code = Field(validation_alias=AliasChoices("plan_code", "code"), examples=["P30D"])
    promo_code: GivenPromoCode | None = None
    gift_code: GiftCode | None = None
    start_at: UtcInstant | None = None
    periods: Annotated[int, Field(ge=1, le=MOST_PERIODS)] = 1
    changes: list[PlannedChangeBody] = Field(default=[], max_length=MOST_PLANNED)
    freezes: list[PlannedFreezeBody] = Field(default=[], max_length=MOST_PLANNED)

    @field_validator("start_at")
    @classmethod
    def _refuse_beyond_our_calendar(cls, start_at: UtcInstant | None) -> UtcInstant | None:
        if start_at is not None and start_at.year > LAST_START_YEAR:
            raise ValueError(f"must be an instant before the end of the year {LAST_START_YEAR}")
        return start_at

    @field_validator("changes")
    @classmethod
    def _refuse_changes_out_of_order(cls, changes: list[PlannedChangeBody]) -> list[PlannedChangeBody]:
        if any(later.at <= earlier.at for earlier, later in pairwise(changes)):
            raise ValueError("each change has to come after the one before")
        return changes

    @field_validator("freezes")
    @classmethod
    def _refuse_freezes_out_of_order(cls, freezes: list[PlannedFreezeBody]) -> list[PlannedFreezeBody]:
        if any(later.since < earlier.until for earlier, later in pairwise(freezes)):
            raise ValueError("each freeze has to come after the one before is over")
        return freezes


class AmountsBody(ResponseBody):
    """`subtotal_cents - discount_cents` is the total; what gift cards and balance leave of it is due."""

    subtotal_cents: int
    discount_cents: int
    total_cents: int
    vat_cents: int
    gift_cents: int
    balance_cents: int
    amount_due_cents: int


class PreviewInvoiceBody(AmountsBody):
    """Credit lines are negative. `credit_to_balance` is what a credit has above the charge."""

    billing_reason: str
    period_start: UtcInstant
    period_end: UtcInstant
    currency: str
    lines: list[LineBody]

    @classmethod
    def of(cls, invoice: Invoice) -> Self:
        return cls(
            billing_reason=invoice.billing_reason,
            period_start=invoice.period.start,
            period_end=invoice.period.end,
            currency=invoice.currency,
            lines=[LineBody.of(line) for line in invoice.lines],
            subtotal_cents=invoice.subtotal_cents,
            discount_cents=invoice.discount_cents,
            total_cents=invoice.total_cents,
            vat_cents=invoice.vat_cents,
            gift_cents=invoice.tenders.gift_cents,
            balance_cents=invoice.tenders.balance_cents,
            amount_due_cents=invoice.amount_due_cents,
        )


class PreviewedBody(ResponseBody):
    """What would be billed, if each invoice is paid at once.

    `ends_at` is the end of the last period; `trial_ends_at` is there when it begins with a trial, which the
    first invoice follows. `totals` are the sums of all invoices.
    """

    start_at: UtcInstant
    trial_ends_at: UtcInstant | None
    ends_at: UtcInstant
    currency: str
    invoices: list[PreviewInvoiceBody]
    totals: AmountsBody

    @classmethod
    def of(cls, seen: Forecast) -> Self:
        invoices = [PreviewInvoiceBody.of(invoice) for invoice in seen.invoices]
        return cls(
            start_at=seen.state.started_at,
            trial_ends_at=seen.trial_ends_at,
            ends_at=seen.state.paid_until,
            currency=seen.state.plan.currency,
            invoices=invoices,
            totals=AmountsBody(
                **{name: sum(getattr(i, name) for i in invoices) for name in AmountsBody.model_fields}
            ),
        )
