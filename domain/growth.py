"""How what is paid a month grows and shrinks, and who came and went: docs/reports.md has the definitions.

A payer's life is a row of steps: from an instant on a subscription of theirs is worth so much a month, or is
not there any more. Each step moves the sum of what they pay by what is worth more or less than before.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import groupby

from domain.billing_calendar import MONTHS_A_YEAR
from domain.money import BASIS_POINTS, share
from domain.window import Window


@dataclass(frozen=True)
class Step:
    """From `at` on; without a worth the subscription is not one that this payer pays for.

    Of a transfer are two: one who does no more, and one who does now.
    """

    payer_id: int
    subscription_id: int
    currency: str
    at: datetime
    worth_cents: int | None
    is_transfer: bool = False

    @property
    def order(self) -> tuple[int, str, datetime, bool]:
        """What is handed on at an instant is so before anything else happens to it."""
        return self.payer_id, self.currency, self.at, not self.is_transfer


class Kind(StrEnum):
    NEW = "new"
    REACTIVATION = "reactivation"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"
    TRANSFER = "transfer"


@dataclass(frozen=True)
class Movement:
    """Of one payer. `heads` is 1 when they come, -1 when they go. A transfer is two, with no cents in sum."""

    currency: str
    at: datetime
    kind: Kind
    cents: int
    heads: int


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
    """Opening + started + returned + handed_on - ended = closing. `handed_on` may be below zero.

    `churn_bp` is `ended` of those at the opening, in basis points, and `None` when there was none.
    """

    month: date
    currency: str
    opening: int
    started: int
    returned: int
    handed_on: int
    ended: int
    closing: int
    churn_bp: int | None


def movements(steps: Iterable[Step]) -> Iterator[Movement]:
    """`steps` are in their `order`; of those of a subscription at one instant the last one counts."""
    for (_, currency), of_payer in groupby(steps, key=lambda step: (step.payer_id, step.currency)):
        yield from _of_payer(currency, of_payer)


def _of_payer(currency: str, steps: Iterable[Step]) -> Iterator[Movement]:
    paid: dict[int, int] = {}
    was_there = False
    for (at, is_transfer), at_once in groupby(steps, key=lambda step: (step.at, step.is_transfer)):
        before = _worth(paid)
        for step in at_once:
            if step.worth_cents is None:
                paid.pop(step.subscription_id, None)
            else:
                paid[step.subscription_id] = step.worth_cents
        after = _worth(paid)
        if before != after:
            kind = Kind.TRANSFER if is_transfer else _kind(before, after, was_there=was_there)
            yield Movement(currency, at, kind, (after or 0) - (before or 0), _heads(after) - _heads(before))
        was_there = was_there or after is not None


def _worth(paid: Mapping[int, int]) -> int | None:
    """Of all subscriptions that somebody pays for."""
    return sum(paid.values()) if paid else None


def _heads(worth: int | None) -> int:
    return 0 if worth is None else 1


def _kind(before: int | None, after: int | None, *, was_there: bool) -> Kind:
    """Of two that are not the same."""
    if after is None:
        return Kind.CHURN
    if before is None:
        return Kind.REACTIVATION if was_there else Kind.NEW
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
        cents, heads = _summed(currencies[currency], months)
        mrr += _mrr(currency, months, cents)
        subscribers += _subscribers(currency, months, heads)
    key = _month_and_currency
    return sorted(mrr, key=key), sorted(subscribers, key=key)


BEFORE = -1
"""The index of what moved before the first month."""

Sums = Counter[tuple[int, Kind]]


def _summed(moved: Iterable[Movement], months: Sequence[Window]) -> tuple[Sums, Sums]:
    """Cents and heads by month and kind; what is later than the last month is left out."""
    cents, heads = Sums(), Sums()
    for movement in moved:
        index = _index(movement.at, months)
        if index is not None:
            cents[index, movement.kind] += movement.cents
            heads[index, movement.kind] += movement.heads
    return cents, heads


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


def _subscribers(currency: str, months: Sequence[Window], heads: Sums) -> Iterator[MonthOfSubscribers]:
    opening = sum(heads[BEFORE, kind] for kind in Kind)
    for index, month in enumerate(months):
        of = {kind: heads[index, kind] for kind in Kind}
        closing = opening + sum(of.values())
        gone = -of[Kind.CHURN]
        yield MonthOfSubscribers(
            _first_day(month),
            currency,
            opening,
            of[Kind.NEW],
            of[Kind.REACTIVATION],
            of[Kind.TRANSFER],
            gone,
            closing,
            share(BASIS_POINTS, gone, opening) if opening else None,
        )
        opening = closing


def _first_day(month: Window) -> date:
    assert month.start is not None  # noqa: S101 - months have one
    return month.start.date().replace(day=1)


def _month_and_currency(row: MonthOfMrr | MonthOfSubscribers) -> tuple[date, str]:
    return row.month, row.currency
