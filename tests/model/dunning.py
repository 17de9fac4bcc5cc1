"""The retries of an invoice that a card has declined, or that nobody has paid."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.model.terms import Plan

A_DAY = timedelta(days=1)


@dataclass
class Dunning:
    """Days count from the first failure; `done` of them are behind us."""

    plan: Plan
    since: datetime
    last_try: datetime
    done: int = 0

    @property
    def is_over(self) -> bool:
        return self.done >= len(self.plan.retry_days)

    @property
    def is_last(self) -> bool:
        return self.done == len(self.plan.retry_days) - 1

    @property
    def next_at(self) -> datetime:
        """Never two attempts within a day."""
        if self.is_over:
            return self.last_try
        return max(self.since + timedelta(days=self.plan.retry_days[self.done]), self.last_try + A_DAY)

    def tried(self, at: datetime) -> None:
        behind = sum(self.since + timedelta(days=day) <= at for day in self.plan.retry_days)
        self.done, self.last_try = max(behind, self.done + 1), at
