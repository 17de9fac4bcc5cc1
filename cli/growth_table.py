"""Reports of growth as a person reads them: a table for each currency, in 80 columns."""

from collections.abc import Callable, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from cli.terminal import print_rows
from domain.growth import MonthOfMrr, MonthOfSubscribers
from domain.recovery import MonthOfRecovery

HUNDRED = 100

Column = tuple[str, Callable[[Any], Any]]


def hundredths(number: int) -> str:
    whole, rest = divmod(abs(number), HUNDRED)
    return f"{'-' if number < 0 else ''}{whole}.{rest:02d}"


def _amount(heading: str, field: str) -> Column:
    return heading, lambda row: hundredths(getattr(row, field))


def _count(name: str) -> Column:
    return name, attrgetter(name)


MONTH: Column = ("month", lambda row: f"{row.month:%Y-%m}")

MRR: Sequence[Column] = (
    MONTH,
    _amount("opening", "opening_cents"),
    _amount("new", "new_cents"),
    _amount("grew", "expansion_cents"),
    _amount("shrank", "contraction_cents"),
    _amount("ended", "churn_cents"),
    _amount("back", "reactivation_cents"),
    _amount("closing", "closing_cents"),
)
SUBSCRIBERS: Sequence[Column] = (
    MONTH,
    *(_count(name) for name in ("opening", "started", "returned")),
    ("handed on", attrgetter("handed_on")),
    *(_count(name) for name in ("ended", "closing")),
    ("churn", lambda row: None if row.churn_bp is None else f"{hundredths(row.churn_bp)} %"),
)
RECOVERY: Sequence[Column] = (
    MONTH,
    *(_count(name) for name in ("opened", "recovered", "lost", "open")),
    _amount("got", "recovered_cents"),
    _amount("lost", "lost_cents"),
    ("by attempt", lambda row: ", ".join(f"{by}: {count}" for by, count in row.by_attempt.items()) or "-"),
)

Month = MonthOfMrr | MonthOfSubscribers | MonthOfRecovery


def print_months(rows: Sequence[Month], columns: Sequence[Column]) -> None:
    if not rows:
        print("There is nothing to report.")
    by_currency = sorted(rows, key=attrgetter("currency", "month"))
    for currency, months in groupby(by_currency, key=attrgetter("currency")):
        print(currency)
        print_rows([heading for heading, _ in columns], [[of(row) for _, of in columns] for row in months])
