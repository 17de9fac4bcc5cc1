"""How what is paid a month grows and shrinks, and who came and went: docs/reports.md has the definitions.

A payer's life is a row of steps: from an instant on their subscription is worth so much a month, or nothing
is there any more. Each step moves the sum by what is worth more or less than the step before.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import groupby

from domain.billing_calendar import MONTHS_A_YEAR
from domain.money import BASIS_POINTS, share
from domain.window import Window


@dataclass(frozen=True)
class Step:
    """From `at` on; without a worth there is no subscription that is paid for."""

    payer_id: int
    currency: str
    at: datetime
    worth_cents: int | None


class Kind(StrEnum):
    NEW = "new"
    REACTIVATION = "reactivation"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"


@dataclass(frozen=True)
class Movement:
    currency: str
    at: datetime
    kind: Kind
    cents: int


@dataclass(frozen=True)
class MonthOfMrr:
    """Opening and all movements, with their signs, sum to closing. `month` is its first day."""

    month: date
    currency: str
    opening_cents: int
    new_cents: int
    expansion_cents: int
    contraction_cents: int
    churn_cents: int
    reactivation_cents: int
    closing_cents: int


@dataclass(frozen=True)
class MonthOfSubscribers:
    """Opening + started + returned - ended = closing. `churn_bp`: of those at the opening, in basis points.

    It is `None` when there was none.
    """

    month: date
    currency: str
    opening: int
    started: int
    returned: int
    ended: int
    closing: int
    churn_bp: int | None


def movements(steps: Iterable[Step]) -> Iterator[Movement]:
    """`steps` are ordered by payer, currency and instant; of those at one instant the last one counts."""
    for (_, currency), of_payer in groupby(steps, key=lambda step: (step.payer_id, step.currency)):
        yield from _of_payer(currency, of_payer)


def _of_payer(currency: str, steps: Iterable[Step]) -> Iterator[Movement]:
    worth: int | None = None
    was_there = False
    for at, at_once in groupby(steps, key=lambda step: step.at):
        *_, last = at_once
        kind = _kind(worth, last.worth_cents, was_there=was_there)
        if kind is not None:
            yield Movement(currency, at, kind, (last.worth_cents or 0) - (worth or 0))
        worth, was_there = last.worth_cents, was_there or last.worth_cents is not None


def _kind(before: int | None, after: int | None, *, was_there: bool) -> Kind | None:
    if before == after:
        return None
    if before is None:
        return Kind.REACTIVATION if was_there else Kind.NEW
    if after is None:
        return Kind.CHURN
    return Kind.EXPANSION if after > before else Kind.CONTRACTION


def months_of(start: datetime, end: datetime) -> list[Window]:
    """The calendar months of UTC between the two; the first and the last may be parts of one."""
    found, begins = [], start.astimezone(UTC)
    while begins < end:
        first = begins.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        year, month = divmod(first.year * MONTHS_A_YEAR + first.month, MONTHS_A_YEAR)
        ends = min(first.replace(year=year, month=month + 1), end)
        found.append(Window(begins, ends))
        begins = ends
    return found


def by_month(
    moved: Iterable[Movement], months: Sequence[Window]
) -> tuple[list[MonthOfMrr], list[MonthOfSubscribers]]:
    """For each currency in which anything is there or moves. What came before is the first opening."""
    currencies: dict[str, list[Movement]] = {}
    for movement in moved:
        currencies.setdefault(movement.currency, []).append(movement)
    mrr: list[MonthOfMrr] = []
    subscribers: list[MonthOfSubscribers] = []
    for currency in sorted(currencies):
        cents, counts = _summed(currencies[currency], months)
        mrr += _mrr(currency, months, cents)
        subscribers += _subscribers(currency, months, counts)
    key = _month_and_currency
    return sorted(mrr, key=key), sorted(subscribers, key=key)


BEFORE = -1
"""The index of what moved before the first month."""

Sums = Counter[tuple[int, Kind]]


def _summed(moved: Iterable[Movement], months: Sequence[Window]) -> tuple[Sums, Sums]:
    """Cents and counts by month and kind; what is later than the last month is left out."""
    cents, counts = Sums(), Sums()
    for movement in moved:
        index = _index(movement.at, months)
        if index is not None:
            cents[index, movement.kind] += movement.cents
            counts[index, movement.kind] += 1
    return cents, counts


def _index(at: datetime, months: Sequence[Window]) -> int | None:
    for index, month in enumerate(months):
        assert month.start is not None and month.end is not None  # noqa: S101, PT018 - months have both
        if at < month.start:
            return BEFORE
        if at < month.end:
            return index
    return None


def _mrr(currency: str, months: Sequence[Window], cents: Sums) -> Iterator[MonthOfMrr]:
    opening = sum(cents[BEFORE, kind] for kind in Kind)
    for index, month in enumerate(months):
        of = {kind: cents[index, kind] for kind in Kind}
        closing = opening + sum(of.values())
        yield MonthOfMrr(
            _first_day(month),
            currency,
            opening,
            of[Kind.NEW],
            of[Kind.EXPANSION],
            of[Kind.CONTRACTION],
            of[Kind.CHURN],
            of[Kind.REACTIVATION],
            closing,
        )
        opening = closing


def _subscribers(currency: str, months: Sequence[Window], counts: Sums) -> Iterator[MonthOfSubscribers]:
    opening = counts[BEFORE, Kind.NEW] + counts[BEFORE, Kind.REACTIVATION] - counts[BEFORE, Kind.CHURN]
    for index, month in enumerate(months):
        new, back, gone = (counts[index, kind] for kind in (Kind.NEW, Kind.REACTIVATION, Kind.CHURN))
        closing = opening + new + back - gone
        rate = share(BASIS_POINTS, gone, opening) if opening else None
        yield MonthOfSubscribers(_first_day(month), currency, opening, new, back, gone, closing, rate)
        opening = closing


def _first_day(month: Window) -> date:
    assert month.start is not None  # noqa: S101 - months have one
    return month.start.date().replace(day=1)


def _month_and_currency(row: MonthOfMrr | MonthOfSubscribers) -> tuple[date, str]:
    return row.month, row.currency
