"""What follows a renewal that was not paid: retries on fixed days, then the policy's final action.

Rule: docs/lifecycle.md, "Renewal and dunning". Days count from the first failure. What cannot be charged (no
payment method, or one that was declined for good) is reminded of on the same days instead.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Self

from domain.billing_calendar import MONTHS_A_YEAR, Interval
from domain.refusals import RefusalCode, Refused

AFTER_A_LEAP_YEAR = 2097
"""Its months are as far from the next leap day as any: 2100 has none."""

AT_MOST_ONE_ATTEMPT = timedelta(days=1)


class FinalAction(StrEnum):
    """`unpaid` keeps the invoice open and bills nothing more; paying it begins anew."""

    CANCEL = "cancel"
    UNPAID = "unpaid"


@dataclass(frozen=True)
class DunningPolicy:
    """One version of a plan's policy. `retry_days` are counted from the first failure, ascending."""

    version: int
    retry_days: tuple[int, ...]
    final_action: FinalAction


@dataclass(frozen=True)
class DunningCase:
    """A renewal that was not paid in time.

    `retries_made` counts the days of the policy that are behind us. `last_attempt_at`: when a payment method
    was last charged, or its payer reminded. `waits_for_new_method`: declined for good, so nothing is charged
    until it changes.
    """

    policy: DunningPolicy
    opened_at: datetime
    last_attempt_at: datetime
    retries_made: int = 0
    waits_for_new_method: bool = False

    @property
    def is_exhausted(self) -> bool:
        return self.retries_made >= len(self.policy.retry_days)

    @property
    def is_before_the_last_day(self) -> bool:
        return self.retries_made < len(self.policy.retry_days) - 1

    @property
    def next_at(self) -> datetime:
        """The next day of the policy, and never two attempts within a day; at once when none is left."""
        if self.is_exhausted:
            return self.last_attempt_at
        nominal_at = self._nominal(self.retries_made)
        return max(nominal_at, self.last_attempt_at + AT_MOST_ONE_ATTEMPT)

    @property
    def last_at(self) -> datetime:
        """The policy's last day."""
        return self._nominal(len(self.policy.retry_days) - 1)

    def retried(self, at: datetime) -> Self:
        """A day of the policy has come. Days that passed while we were away are behind us too: no burst."""
        behind = sum(self._nominal(index) <= at for index in range(len(self.policy.retry_days)))
        return replace(self, retries_made=max(behind, self.retries_made + 1), last_attempt_at=at)

    def _nominal(self, index: int) -> datetime:
        return self.opened_at + timedelta(days=self.policy.retry_days[index])


def check_window(policy: DunningPolicy, interval: Interval) -> None:
    """Raises `Refused` when dunning could outlast the period that it is about."""
    if policy.retry_days[-1] >= (interval.days or _shortest_days(interval.months)):
        raise Refused(
            RefusalCode.DUNNING_WINDOW_TOO_LONG, "the last retry has to come before the period's shortest end"
        )


def _shortest_days(months: int) -> int:
    """So many months in a row, whichever is the first of them: clamped boundaries make none shorter."""
    january = AFTER_A_LEAP_YEAR * MONTHS_A_YEAR
    return min(
        (_first_of(first + months) - _first_of(first)).days
        for first in range(january, january + MONTHS_A_YEAR)
    )


def _first_of(month: int) -> date:
    """`month` is counted from January of the year 0."""
    year, month_of_year = divmod(month, MONTHS_A_YEAR)
    return date(year, month_of_year + 1, 1)
