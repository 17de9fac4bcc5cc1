"""What a promo code takes off, and for how long: terms pinned when it was redeemed.

Percent of what it is asked about, half up, once. A fixed amount above the price makes the price zero, and the
rest is lost. Durations count billing periods, never months: a yearly invoice is one of them.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

from domain.money import share
from domain.plan import PlanTerms

PERCENT = 100


class PromoDuration(StrEnum):
    ONCE = "once"
    REPEATING = "repeating"
    FOREVER = "forever"


@dataclass(frozen=True)
class Promo:
    """One of `percent_off` (1 to 100) and `amount_off_cents` in `currency`.

    Without `plan_codes` it is for every plan. `periods_left` counts the billing periods that it still takes
    something off; `None` is for ever.
    """

    code: str
    percent_off: int | None
    amount_off_cents: int | None
    currency: str | None
    plan_codes: tuple[str, ...]
    periods_left: int | None

    def applies_to(self, plan: PlanTerms) -> bool:
        return not self.plan_codes or plan.code in self.plan_codes

    def off(self, subtotal_cents: int) -> int:
        """What it takes off what a whole period costs."""
        if self.percent_off is not None:
            return share(subtotal_cents, self.percent_off, PERCENT)
        return min(subtotal_cents, self.amount_off_cents or 0)

    def after_a_period(self) -> Self | None:
        """What is left of it when a billing period was paid; `None` when it is used up."""
        if self.periods_left is None:
            return self
        return replace(self, periods_left=self.periods_left - 1) if self.periods_left > 1 else None


def promo_for(promo: Promo | None, plan: PlanTerms) -> Promo | None:
    """The promo, where it takes something off this plan."""
    return promo if promo is not None and promo.applies_to(plan) else None
