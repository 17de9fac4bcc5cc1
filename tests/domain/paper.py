"""What a start bills, worked out on paper: plans of whole days, exact fractions, no rule of ours reused."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from operator import attrgetter

from domain.plan import PlanTerms
from domain.planned import PlannedChange, PlannedFreeze, PlannedStart
from domain.promo import Promo


@dataclass(frozen=True)
class Sum:
    """One invoice, in cents."""

    start: datetime
    end: datetime
    charge: int
    discount: int
    credit: int
    to_balance: int
    gift: int
    balance: int
    due: int


class ImpossibleError(Exception):
    """Nobody could do what is planned."""


def on_paper(
    start: PlannedStart, periods: int, changes: Sequence[PlannedChange], freezes: Sequence[PlannedFreeze]
) -> list[Sum]:
    """Raises `ImpossibleError`. Its plans are of days, and may be frozen as long as anybody likes."""
    sheet = _Sheet(start, periods)
    all_planned: list[PlannedChange | PlannedFreeze] = [*changes, *freezes]
    for planned in sorted(all_planned, key=attrgetter("at")):
        sheet.go_on(planned.at)
        if isinstance(planned, PlannedChange):
            sheet.change(planned.at, planned.plan)
        else:
            sheet.freeze(planned.at, planned.until)
    sheet.go_on(None)
    return sheet.sums


@dataclass
class _Sheet:
    begun: PlannedStart
    left: int
    sums: list[Sum] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.plan, self.promo = self.begun.plan, self.begun.promo
        self.taken: Promo | None = None
        self.price = self.paid = 0
        self.periods_of_promo = self.promo.periods_left if self.promo else 0
        self.gifts = [gift.cents for gift in self.begun.purse.gifts]
        self.balance = self.begun.purse.balance_cents
        self.frozen_until = self.start = self.end = self.begun.at
        self.is_on_trial = self.begun.is_trial
        if self.is_on_trial:
            self.end += timedelta(days=self.plan.trial_days)

    def go_on(self, at: datetime | None) -> None:
        while self.left and (at is None or self.end <= at):
            self.is_on_trial = False
            self._begin(self.plan, self.end, credit=0)

    def change(self, at: datetime, plan: PlanTerms) -> None:
        if not max(self.start, self.frozen_until) <= at < self.end or plan.code == self.plan.code:
            raise ImpossibleError
        if self.is_on_trial:
            self.plan = plan
            return
        part = Fraction(_microseconds(self.end - at), _microseconds(self.whole))
        credit = min(_round(self.price * part), self.paid)
        if plan.period_iso != self.plan.period_iso:
            self._begin(plan, at, credit)
            return
        charge = _round(plan.price_cents * part)
        self.price = plan.price_cents - _off(self.taken, plan)
        self._write(at, charge, charge - _round(self.price * part), credit)
        self.plan = plan

    def freeze(self, at: datetime, until: datetime) -> None:
        if not max(self.start, self.frozen_until) <= at < self.end or self.is_on_trial:
            raise ImpossibleError
        self.end += until - at
        self.frozen_until = until

    def _begin(self, plan: PlanTerms, at: datetime, credit: int) -> None:
        self.taken = self.promo if self.periods_of_promo != 0 and _is_for(self.promo, plan) else None
        if self.taken and self.periods_of_promo:
            self.periods_of_promo -= 1
        discount = _off(self.taken, plan)
        self.whole = timedelta(days=int(plan.period_iso[1:-1]))
        self.plan, self.start, self.end = plan, at, at + self.whole
        self.price = plan.price_cents - discount
        self.left = max(self.left - 1, 0)
        self._write(at, plan.price_cents, discount, credit)

    def _write(self, at: datetime, charge: int, discount: int, credit: int) -> None:
        self.paid = charge - discount
        owed = self.paid - credit
        to_balance, open_cents = max(-owed, 0), max(owed, 0)
        left_cents = open_cents - sum(self.gifts) - self.balance
        payable = open_cents - 50 if 0 < left_cents < 50 <= open_cents else open_cents
        from_gifts = 0
        for position, value in enumerate(self.gifts):
            used = min(value, payable - from_gifts)
            self.gifts[position] -= used
            from_gifts += used
        from_balance = min(self.balance, payable - from_gifts)
        self.balance += to_balance - from_balance
        due = open_cents - from_gifts - from_balance
        self.sums.append(
            Sum(at, self.end, charge, discount, credit, to_balance, from_gifts, from_balance, due)
        )


def _is_for(promo: Promo | None, plan: PlanTerms) -> bool:
    return promo is not None and (promo.plan_codes == () or plan.code in promo.plan_codes)


def _off(promo: Promo | None, plan: PlanTerms) -> int:
    if promo is None or not _is_for(promo, plan):
        return 0
    if promo.percent_off is not None:
        return _round(Fraction(plan.price_cents * promo.percent_off, 100))
    return min(plan.price_cents, promo.amount_off_cents or 0)


def _round(exact: Fraction | int) -> int:
    return math.floor(exact + Fraction(1, 2))


def _microseconds(length: timedelta) -> int:
    return length // timedelta(microseconds=1)
