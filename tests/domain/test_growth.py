"""Movements of what is paid a month: each kind, and that nothing is lost between opening and closing."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.growth import (
    Kind,
    MonthOfMrr,
    MonthOfSubscribers,
    Movement,
    Step,
    by_month,
    months_of,
    movements,
)
from domain.monthly_worth import Billed, monthly_worth

START = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2026, 7, 1, tzinfo=UTC)
MONTHS = months_of(START, END)


def step(day: int, worth: int | None, *, payer: int = 1, subscription: int = 1) -> Step:
    return Step(payer, subscription, "EUR", START + timedelta(days=day), worth)


def kinds(*steps: Step) -> list[tuple[Kind, int]]:
    return [(moved.kind, moved.cents) for moved in movements(steps)]


def test_each_kind_of_movement() -> None:
    life = (step(0, 500), step(30, 800), step(60, 800), step(90, 300), step(120, None), step(150, 400))

    assert kinds(*life) == [
        (Kind.NEW, 500),
        (Kind.EXPANSION, 300),
        (Kind.CONTRACTION, -500),
        (Kind.CHURN, -300),
        (Kind.REACTIVATION, 400),
    ]


def test_at_one_instant_the_last_counts() -> None:
    """Who leaves one subscription for another at that instant has neither gone nor come back."""
    another = step(30, 700, subscription=2)

    assert kinds(step(0, 500), step(30, None), another) == [(Kind.NEW, 500), (Kind.EXPANSION, 200)]


def test_who_pays_for_two_subscriptions_is_one_who_pays_for_both() -> None:
    """Only a clock that was turned makes it so: in their own time, lives overlap that did not in ours."""
    another = (step(30, 700, subscription=2), step(90, None, subscription=2))

    assert kinds(step(0, 500), another[0], step(60, None), another[1]) == [
        (Kind.NEW, 500),
        (Kind.EXPANSION, 700),
        (Kind.CONTRACTION, -500),
        (Kind.CHURN, -700),
    ]


def test_who_pays_nothing_is_there_all_the_same() -> None:
    assert kinds(step(0, 0), step(30, 500), step(60, None)) == [
        (Kind.NEW, 0),
        (Kind.EXPANSION, 500),
        (Kind.CHURN, -500),
    ]


def test_an_end_without_a_beginning_moves_nothing() -> None:
    assert kinds(step(0, None), step(1, None)) == []


def test_whoever_was_never_there_does_not_come_back() -> None:
    assert kinds(step(0, None), step(1, 500)) == [(Kind.NEW, 500)]


def test_parts_of_months_keep_their_ends() -> None:
    from_middle = months_of(START + timedelta(days=14), START + timedelta(days=32))

    assert [(each.start, each.end) for each in from_middle] == [
        (START + timedelta(days=14), datetime(2026, 2, 1, tzinfo=UTC)),
        (datetime(2026, 2, 1, tzinfo=UTC), START + timedelta(days=32)),
    ]
    odd = datetime(2026, 1, 14, 7, 8, 9, 10, tzinfo=UTC)
    [part, rest] = months_of(odd, odd + timedelta(days=31))
    assert (part.start, part.end, rest.start) == (odd, rest.start, datetime(2026, 2, 1, tzinfo=UTC))
    assert [each.start.month for each in months_of(END, END.replace(year=2027)) if each.start] == [
        7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6,
    ]  # fmt: skip


def test_the_rate_is_of_those_at_the_opening() -> None:
    three = [step(0, 100, payer=payer) for payer in (1, 2, 3)]
    lives = ordered([*three, step(40, None, payer=2)])

    _, months = by_month(movements(lives), MONTHS[:2])

    assert [(m.opening, m.started, m.ended, m.closing, m.churn_bp) for m in months] == [
        (0, 3, 0, 3, None),
        (3, 0, 1, 2, 3_333),
    ]


def test_each_currency_has_rows_of_its_own() -> None:
    """Of two of a month the one first that is first in the alphabet."""
    moved = [Movement("USD", START, Kind.NEW, 700, 1), Movement("EUR", START, Kind.NEW, 500, 1)]
    january = date(2026, 1, 1)

    assert by_month(moved, MONTHS[:1]) == (
        [
            MonthOfMrr(january, "EUR", 0, 500, 0, 0, 0, 0, 500),
            MonthOfMrr(january, "USD", 0, 700, 0, 0, 0, 0, 700),
        ],
        [
            MonthOfSubscribers(january, "EUR", 0, 1, 0, 0, 0, 1, None),
            MonthOfSubscribers(january, "USD", 0, 1, 0, 0, 0, 1, None),
        ],
    )


STEPS = st.lists(
    st.builds(
        Step,
        st.integers(1, 4),
        st.integers(1, 2),
        st.sampled_from(["EUR", "USD"]),
        st.integers(-60, 240).map(lambda day: START + timedelta(days=day)),
        st.none() | st.integers(0, 10_000),
    ),
    max_size=30,
)


def ordered(steps: list[Step]) -> list[Step]:
    return sorted(steps, key=lambda each: each.order)


def standing(steps: list[Step], currency: str, at: datetime) -> list[int]:
    """By another way: what the last steps before the instant say of each payer's subscriptions."""
    last: dict[tuple[int, int], int | None] = {}
    for each in ordered(steps):
        if each.currency == currency and each.at < at:
            last[each.payer_id, each.subscription_id] = each.worth_cents
    paid: dict[int, int] = {}
    for (payer, _), worth in last.items():
        if worth is not None:
            paid[payer] = paid.get(payer, 0) + worth
    return list(paid.values())


@given(STEPS)
def test_opening_and_movements_are_closing_and_closing_is_what_is_there(steps: list[Step]) -> None:
    mrr, subscribers = by_month(movements(ordered(steps)), MONTHS)

    for row, people in zip(mrr, subscribers, strict=True):
        moved = (
            row.new_cents, row.expansion_cents, row.contraction_cents, row.churn_cents, row.reactivation_cents
        )  # fmt: skip
        [month] = [month for month in MONTHS if month.start and month.start.date() == row.month]
        assert month.start is not None
        assert month.end is not None
        assert row.opening_cents + sum(moved) == row.closing_cents
        assert row.opening_cents == sum(standing(steps, row.currency, month.start))
        assert row.closing_cents == sum(standing(steps, row.currency, month.end))
        assert people.opening + people.started + people.returned - people.ended == people.closing
        assert people.closing == len(standing(steps, row.currency, month.end))


@given(STEPS)
def test_each_month_opens_as_the_one_before_closed(steps: list[Step]) -> None:
    mrr, _ = by_month(movements(ordered(steps)), MONTHS)

    for currency in {row.currency for row in mrr}:
        rows = [row for row in mrr if row.currency == currency]
        assert [row.opening_cents for row in rows[1:]] == [row.closing_cents for row in rows[:-1]]


def test_what_is_after_the_last_month_is_left_out() -> None:
    later = [Movement("EUR", END, Kind.NEW, 500, 1)]

    mrr, _ = by_month(later, MONTHS[:1])

    assert [(row.month, row.closing_cents) for row in mrr] == [(date(2026, 1, 1), 0)]


@pytest.mark.parametrize(
    ("period_iso", "charge", "discount", "worth"),
    [
        ("P1M", 1_220, 0, 1_000),
        ("P1Y", 12_200, 0, 833),
        ("P6M", 7_320, 0, 1_000),
        ("P30D", 1_220, 0, 1_015),
        ("P1W", 1_220, 0, 4_348),
        ("P1M", 1_220, 305, 750),
        ("P1M", 1_220, 1_220, 0),
    ],
)
def test_periods_of_all_lengths_are_compared_by_the_month(
    period_iso: str, charge: int, discount: int, worth: int
) -> None:
    assert monthly_worth(Billed(charge, discount, 2_200, period_iso)) == worth


def test_what_costs_nothing_is_worth_nothing() -> None:
    assert monthly_worth(Billed(0, 0, 2_200, "P1M")) == 0


@pytest.mark.parametrize(("left_days", "whole_days"), [(0, 30), (30, 0), (None, 30), (30, None)])
def test_what_is_no_part_of_a_period_is_worth_what_it_costs(
    left_days: int | None, whole_days: int | None
) -> None:
    left, whole = (None if days is None else timedelta(days) for days in (left_days, whole_days))

    assert monthly_worth(Billed(1_220, 0, 2_200, "P1M", left, whole, prices=(2_440,))) == 1_000


def test_a_part_of_a_plan_without_known_prices_is_worth_what_the_whole_would_cost() -> None:
    half = Billed(610, 0, 2_200, "P1M", left=timedelta(days=15), whole=timedelta(days=30))

    assert monthly_worth(half) == 1_000


@given(st.integers(1, 29), st.integers(100, 50_000))
def test_a_part_of_a_period_is_worth_as_much_a_month_as_the_whole(days: int, price: int) -> None:
    left, whole = timedelta(days=days), timedelta(days=30)
    charge = (2 * price * days + 30) // 60
    part = Billed(charge, 0, 2_200, "P1M", left=left, whole=whole, prices=(price + 900, price, price // 2))

    assert monthly_worth(part) == monthly_worth(Billed(price, 0, 2_200, "P1M"))
