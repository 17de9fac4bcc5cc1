"""What became of renewals that were not paid in time: docs/reports.md has the definitions."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

BY_HAND = "by hand"
"""By its payer, or at once with a new payment method: no retry of the policy was it."""


class Outcome(StrEnum):
    OPEN = "open"
    RECOVERED = "recovered"
    LOST = "lost"


@dataclass(frozen=True)
class Case:
    """`attempt` is the retry that recovered it; without one it was `BY_HAND`. `cents` are what was owed."""

    opened_at: datetime
    currency: str
    cents: int
    outcome: Outcome
    attempt: int | None = None


@dataclass(frozen=True)
class MonthOfRecovery:
    """Of the cases that were opened in that month: `opened` = `recovered` + `lost` + `open`, in cents too.

    `by_attempt` counts the recovered ones by the retry that did it.
    """

    month: date
    currency: str
    opened: int
    recovered: int
    lost: int
    open: int
    opened_cents: int
    recovered_cents: int
    lost_cents: int
    open_cents: int
    by_attempt: dict[str, int] = field(default_factory=dict)


def recovery_by_month(cases: Iterable[Case]) -> list[MonthOfRecovery]:
    """By month of UTC in which they were opened, and currency."""
    cohorts: dict[tuple[date, str], list[Case]] = {}
    for case in cases:
        cohorts.setdefault((case.opened_at.date().replace(day=1), case.currency), []).append(case)
    return [_of_cohort(*key, cohorts[key]) for key in sorted(cohorts)]


def _of_cohort(month: date, currency: str, cases: list[Case]) -> MonthOfRecovery:
    counts, cents = Counter[Outcome](), Counter[Outcome]()
    by_attempt = Counter[str]()
    for case in sorted(cases, key=lambda case: case.attempt or 0):
        counts[case.outcome] += 1
        cents[case.outcome] += case.cents
        if case.outcome is Outcome.RECOVERED:
            by_attempt[str(case.attempt or BY_HAND)] += 1
    return MonthOfRecovery(
        month=month,
        currency=currency,
        opened=len(cases),
        recovered=counts[Outcome.RECOVERED],
        lost=counts[Outcome.LOST],
        open=counts[Outcome.OPEN],
        opened_cents=sum(cents.values()),
        recovered_cents=cents[Outcome.RECOVERED],
        lost_cents=cents[Outcome.LOST],
        open_cents=cents[Outcome.OPEN],
        by_attempt=dict(by_attempt),
    )
