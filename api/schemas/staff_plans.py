"""Bodies about the catalogue, for staff. Prices include VAT; its rate is in basis points (2200 is 22 %)."""

from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from api.schemas.base import Reason, RequestBody, ResponseBody, UtcInstant
from domain.billing_calendar import parse_interval
from domain.currency import check_currency
from domain.dunning import DunningPolicy, FinalAction

HIGHEST_PRICE_CENTS = 100_000_000
MOST_SEATS = 100
LONGEST_TRIAL_DAYS = 365
LONGEST_GRACE_DAYS = 90
LONGEST_FREEZE_DAYS = 180
MOST_RETRIES = 10
LATEST_RETRY_DAY = 3_660
WHOLE_BP = 10_000
USUAL_VAT_RATE_BP = 2_200
PLAN_CODE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


def _checked_interval(period_iso: str) -> str:
    parse_interval(period_iso)
    return period_iso


def _checked_days(days: list[int]) -> list[int]:
    if any(later <= earlier for earlier, later in pairwise(days)):
        raise ValueError("the days of the retries have to ascend")
    return days


Code = Annotated[str, StringConstraints(pattern=PLAN_CODE)]
Price = Annotated[int, Field(ge=1, le=HIGHEST_PRICE_CENTS)]
Currency = Annotated[str, StringConstraints(max_length=3), AfterValidator(check_currency)]
VatRate = Annotated[int, Field(ge=0, le=WHOLE_BP)]
RetryDays = Annotated[
    list[Annotated[int, Field(ge=1, le=LATEST_RETRY_DAY)]],
    Field(min_length=1, max_length=MOST_RETRIES),
    AfterValidator(_checked_days),
]


class DunningBody(RequestBody):
    """`retry_days` count from the first failure, and end before the shortest period of the plan does.

    `final_action`: `cancel` ends the subscription, `unpaid` bills nothing more until somebody pays.
    """

    retry_days: RetryDays = Field(examples=[[2, 7, 14, 21]])
    final_action: Annotated[FinalAction, Field(strict=False)] = FinalAction.CANCEL

    def as_version(self, version: int) -> DunningPolicy:
        return DunningPolicy(version, tuple(self.retry_days), self.final_action)


class NewPolicyBody(DunningBody):
    """As in a new plan. `reason` is kept with it, for staff."""

    reason: Reason | None = None


class NewPlanBody(RequestBody):
    """`period_iso` is of whole years, months, weeks or days, and not mixed: ten years at most."""

    code: Code = Field(examples=["P1M"])
    name: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S")] = Field(
        examples=["Italian lessons, by the month"]
    )
    period_iso: Annotated[str, StringConstraints(max_length=32), AfterValidator(_checked_interval)] = Field(
        examples=["P1M"]
    )
    price_cents: Price = Field(examples=[1990])
    currency: Currency = Field(examples=["EUR"])
    seats: Annotated[int, Field(ge=1, le=MOST_SEATS)] = 1
    trial_days: Annotated[int, Field(ge=0, le=LONGEST_TRIAL_DAYS)] = 0
    grace_days: Annotated[int, Field(ge=0, le=LONGEST_GRACE_DAYS)] = 7
    freeze_days_per_year: Annotated[int, Field(ge=0, le=LONGEST_FREEZE_DAYS)] = 30
    vat_rate_bp: VatRate = USUAL_VAT_RATE_BP
    dunning: DunningBody = DunningBody(retry_days=[2, 7, 14, 21])
    reason: Reason | None = None


class NewPriceBody(RequestBody):
    """Without `vat_rate_bp` the rate stays. Who has started already keeps the price they started with."""

    price_cents: Price = Field(examples=[1990])
    currency: Currency = Field(examples=["EUR"])
    vat_rate_bp: VatRate | None = None
    reason: Reason | None = None


class PriceVersionBody(ResponseBody):
    version: int
    price_cents: int
    currency: str
    vat_rate_bp: int
    created_at: UtcInstant


class PolicyVersionBody(ResponseBody):
    version: int
    retry_days: list[int]
    final_action: FinalAction
    created_at: UtcInstant


class VersionedPlanBody(ResponseBody):
    """The last of `prices` is what new starts pay; the last of `dunning_policies` holds for new invoices."""

    id: int
    code: str
    name: str
    period_iso: str
    seats: int
    trial_days: int
    grace_days: int
    freeze_days_per_year: int
    created_at: UtcInstant
    retired_at: UtcInstant | None
    prices: list[PriceVersionBody]
    dunning_policies: list[PolicyVersionBody]


class VersionedPlanPage(ResponseBody):
    """`next_cursor` is null on the last page."""

    items: list[VersionedPlanBody]
    next_cursor: str | None
