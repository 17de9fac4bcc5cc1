"""The terms a subscription was started on. Pinned: a later price version does not touch them."""

from dataclasses import dataclass

from domain.billing_calendar import Interval, parse_interval


@dataclass(frozen=True)
class PlanTerms:
    """`price_cents` is tax-inclusive and per period; `vat_rate_bp` is in basis points (2200 is 22 %).

    `grace_days` is how long access outlasts the paid period while its renewal is being paid. `price_version`
    is the published price that is pinned.
    """

    code: str
    name: str
    period_iso: str
    price_cents: int
    currency: str
    vat_rate_bp: int
    trial_days: int
    grace_days: int
    freeze_days_per_year: int
    seats: int = 1
    price_version: int = 1

    @property
    def interval(self) -> Interval:
        return parse_interval(self.period_iso)
