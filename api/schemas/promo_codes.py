"""Bodies about promo codes, for staff. A code is the same in upper and in lower case."""

from dataclasses import asdict
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from api.schemas.base import Reason, RequestBody, ResponseBody, UtcInstant
from api.schemas.staff_plans import HIGHEST_PRICE_CENTS, Code, Currency
from db.queries.promo_codes import PromoCodeTerms, PublishedPromoCode
from domain.promo import PERCENT, PromoDuration

PROMO_CODE = r"^[A-Za-z0-9][A-Za-z0-9_-]{2,39}$"
MOST_PERIODS = 1_200
MOST_REDEMPTIONS = 1_000_000_000
MOST_REDEMPTIONS_PER_USER = 1_000
MOST_PLANS = 100

PromoCodeText = Annotated[str, StringConstraints(pattern=PROMO_CODE, to_upper=True)]
PercentOff = Annotated[int, Field(ge=1, le=PERCENT)] | None
AmountOff = Annotated[int, Field(ge=1, le=HIGHEST_PRICE_CENTS)] | None
Duration = Annotated[PromoDuration, Field(strict=False)]
DurationPeriods = Annotated[int, Field(ge=1, le=MOST_PERIODS)] | None
PlanCodes = Annotated[list[Code], Field(max_length=MOST_PLANS)]
Redemptions = Annotated[int, Field(ge=1, le=MOST_REDEMPTIONS)] | None
RedemptionsPerUser = Annotated[int, Field(ge=1, le=MOST_REDEMPTIONS_PER_USER)] | None


class NewPromoCodeBody(RequestBody):
    """Takes off `percent_off`, or `amount_off_cents` in a `currency`: of each of the first invoices.

    `repeating` is for `duration_periods` billing periods, whatever their length. Without `plan_codes` it is
    for every plan. From `valid_from` on and before `valid_until` it can be redeemed; what was redeemed goes
    on after that.
    """

    code: PromoCodeText = Field(examples=["BENVENUTO"])
    percent_off: PercentOff = None
    amount_off_cents: AmountOff = None
    currency: Currency | None = None
    duration: Duration = Field(examples=["once"])
    duration_periods: DurationPeriods = None
    max_redemptions: Redemptions = None
    max_redemptions_per_user: RedemptionsPerUser = None
    plan_codes: PlanCodes = Field(default_factory=list)
    valid_from: UtcInstant | None = None
    valid_until: UtcInstant | None = None
    reason: Reason | None = None

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if (self.percent_off is None) == (self.amount_off_cents is None):
            raise ValueError("needs one of percent_off and amount_off_cents")
        if (self.amount_off_cents is None) != (self.currency is None):
            raise ValueError("amount_off_cents and currency belong together")
        if (self.duration is PromoDuration.REPEATING) != (self.duration_periods is not None):
            raise ValueError("duration_periods belongs to the duration repeating, and to no other")
        if self.valid_from and self.valid_until and self.valid_until <= self.valid_from:
            raise ValueError("valid_until must be after valid_from")
        return self

    def as_terms(self) -> PromoCodeTerms:
        return PromoCodeTerms(**self.model_dump(exclude={"reason"}))


class PromoCodeChangesBody(RequestBody):
    """What is not sent stays. Once a code was redeemed only its end and its limit can be moved.

    It may end now (an instant that is past is now) or later; `max_redemptions` may only grow.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"valid_until": "2026-12-31T23:00:00Z", "max_redemptions": 500}]}
    )

    percent_off: PercentOff = None
    amount_off_cents: AmountOff = None
    currency: Currency | None = None
    duration: Duration = PromoDuration.ONCE
    duration_periods: DurationPeriods = None
    max_redemptions: Redemptions = None
    max_redemptions_per_user: RedemptionsPerUser = None
    plan_codes: PlanCodes = Field(default_factory=list)
    valid_from: UtcInstant | None = None
    valid_until: UtcInstant | None = None
    reason: Reason | None = None

    def sent(self) -> dict[str, Any]:
        """The terms that are to change."""
        return self.model_dump(exclude_unset=True, exclude={"reason"})


class PromoCodeBody(ResponseBody):
    """`redemption_count` counts the starts that hold it or were paid; those never paid give theirs back."""

    id: int
    code: str
    percent_off: int | None
    amount_off_cents: int | None
    currency: str | None
    duration: PromoDuration
    duration_periods: int | None
    max_redemptions: int | None
    max_redemptions_per_user: int | None
    plan_codes: list[str]
    valid_from: UtcInstant | None
    valid_until: UtcInstant | None
    redemption_count: int
    first_redeemed_at: UtcInstant | None
    created_at: UtcInstant

    @classmethod
    def of(cls, published: PublishedPromoCode) -> Self:
        return cls(
            id=published.id,
            **asdict(published.terms),
            redemption_count=published.redemption_count,
            first_redeemed_at=published.first_redeemed_at,
            created_at=published.created_at,
        )


class PromoCodePage(ResponseBody):
    """`next_cursor` is null on the last page."""

    items: list[PromoCodeBody]
    next_cursor: str | None
