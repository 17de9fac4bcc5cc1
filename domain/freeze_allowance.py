"""How long a subscription may be frozen: so many days a year, counted from its first start.

A freeze that runs into the next year of the subscription goes on with that year's days.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from domain.billing_calendar import MONTHS_A_YEAR, Anchor, Interval, boundary

A_YEAR = Interval(months=MONTHS_A_YEAR, days=0)


@dataclass(frozen=True)
class Freeze:
    """Half-open. An open-ended one ends when the allowance is spent.

    `held_until`: it was parked when it was to end, and stayed frozen until then. No allowance pays for that.
    """

    since: datetime
    until: datetime
    is_open_ended: bool
    held_until: datetime | None = None

    @property
    def thaws_at(self) -> datetime:
        return self.held_until or self.until

    def holding(self, at: datetime) -> Self:
        """Let go on at `at`, when it may be over already."""
        return replace(self, held_until=at) if self.thaws_at < at else self


@dataclass(frozen=True)
class FrozenTime:
    """What was spent in one year of the subscription, the newest it was frozen in; counted from zero."""

    year: int = 0
    seconds: int = 0

    def spent_in(self, year: int) -> timedelta:
        return timedelta(seconds=self.seconds if year == self.year else 0)


NEVER_FROZEN = FrozenTime()


def latest_end(started_at: datetime, allowance: timedelta, spent: FrozenTime, since: datetime) -> datetime:
    """Until when the days last for a freeze that begins at `since`; `since` itself when none is left."""
    year = year_of(started_at, since)
    left = max(allowance - spent.spent_in(year), timedelta())
    next_year_at = year_start(started_at, year + 1)
    if not left or since + left < next_year_at:
        return since + left
    return min(next_year_at + allowance, year_start(started_at, year + 2))


def spend(started_at: datetime, spent: FrozenTime, since: datetime, until: datetime) -> FrozenTime:
    """Adds `[since, until)`; of the years it touches, only the last one still matters."""
    year = year_of(started_at, until)
    within = until - max(since, year_start(started_at, year))
    total = spent.spent_in(year) + within
    return FrozenTime(year=year, seconds=int(total.total_seconds()))


def year_of(started_at: datetime, at: datetime) -> int:
    """In which year of the subscription `at` lies, counted from zero."""
    years = at.year - started_at.year
    return years if year_start(started_at, years) <= at else years - 1


def year_start(started_at: datetime, year: int) -> datetime:
    return boundary(Anchor.starting(started_at), A_YEAR, year)
