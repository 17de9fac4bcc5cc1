"""Freezes: how long one may last, how it begins and ends."""

from datetime import datetime, timedelta

from tests.model.dates import Dated
from tests.model.state import Freeze
from tests.model.terms import Plan, refuse_if


class Freezable(Dated):
    def freeze(self, at: datetime, until: datetime | None = None) -> None:
        """Only paid time, for so many days in each year from the first start."""
        refuse_if(self.status != "active" or at >= self.last.end, "freeze_only_from_active")
        refuse_if(until and until <= at, "freeze_until_is_past")
        latest = self._frozen_at_most_until(at)
        refuse_if(latest <= at or (until and until > latest), "freeze_allowance_spent")
        self.drop_open(at)
        self.status, self.frozen = "frozen", Freeze(at, until or latest)

    def _frozen_at_most_until(self, at: datetime) -> datetime:
        """What is left of this year's days and, where they last into the next year, that one's."""
        year = 0
        while self._year(year + 1) <= at:
            year += 1
        allowed = timedelta(days=self.now.plan.freeze_days)
        spent = sum((self._frozen_in(year, freeze) for freeze in self.was_frozen), timedelta())
        latest = at + max(allowed - spent, timedelta())
        if latest == at or latest < self._year(year + 1):
            return latest
        return min(self._year(year + 1) + allowed, self._year(year + 2))

    def _frozen_in(self, year: int, freeze: Freeze) -> timedelta:
        """In whole seconds."""
        within = min(freeze.until, self._year(year + 1)) - max(freeze.since, self._year(year))
        return timedelta(seconds=max(within, timedelta()) // timedelta(seconds=1))

    def _year(self, number: int) -> datetime:
        return Plan("a year", 0, months=12).boundary(self.started_at, self.started_at.day, number)

    def unfreeze(self, at: datetime) -> None:
        refuse_if(self.status != "frozen", "not_frozen")
        self._thaw(at)
