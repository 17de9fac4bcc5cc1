"""The calendar's rules, for any anchor and any interval."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.billing_calendar import Anchor, Interval, boundary, period

MONTHS = st.integers(1, 120).map(lambda months: Interval(months=months, days=0))
DAYS = st.integers(1, 3_660).map(lambda days: Interval(months=0, days=days))
INDEXES = st.integers(0, 48)


@st.composite
def anchors(draw: st.DrawFn) -> Anchor:
    """An instant of ours with its own day or, at a month's end, with a later one that it stands for."""
    at = draw(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - Hypothesis wants the bounds bare
    is_last_day = at.day == monthrange(at.year, at.month)[1]
    return Anchor(at, draw(st.integers(at.day, 31 if is_last_day else at.day)))


def month_after(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)


@given(anchors(), MONTHS | DAYS)
def test_the_first_boundary_is_the_anchor(anchor: Anchor, interval: Interval) -> None:
    assert boundary(anchor, interval, 0) == anchor.at


@given(anchors(), MONTHS | DAYS, INDEXES)
def test_periods_have_a_length_and_touch(anchor: Anchor, interval: Interval, index: int) -> None:
    this, following = period(anchor, interval, index), period(anchor, interval, index + 1)

    assert this.start < this.end == following.start < following.end


@given(anchors(), MONTHS | DAYS, INDEXES)
def test_the_time_of_day_is_kept(anchor: Anchor, interval: Interval, index: int) -> None:
    assert boundary(anchor, interval, index).timetz() == anchor.at.timetz()


@given(anchors(), MONTHS, INDEXES)
def test_the_day_is_the_billing_day_or_the_months_last(
    anchor: Anchor, interval: Interval, index: int
) -> None:
    counted = boundary(anchor, interval, index)

    assert counted.day == min(anchor.billing_day, monthrange(counted.year, counted.month)[1])


@given(anchors(), st.integers(1, 12), st.integers(0, 24))
def test_walking_month_by_month_meets_the_same_month(anchor: Anchor, months: int, index: int) -> None:
    walked = anchor.at.date().replace(day=1)
    for _ in range(months * index):
        walked = month_after(walked)

    counted = boundary(anchor, Interval(months=months, days=0), index)

    assert (counted.year, counted.month) == (walked.year, walked.month)


@given(anchors(), MONTHS | DAYS, INDEXES, st.integers(1, 6))
def test_a_multiple_of_the_interval_meets_the_same_boundaries(
    anchor: Anchor, interval: Interval, index: int, factor: int
) -> None:
    longer = Interval(months=interval.months * factor, days=interval.days * factor)

    assert boundary(anchor, longer, index) == boundary(anchor, interval, index * factor)


@given(anchors(), DAYS, INDEXES)
def test_days_are_24_hours(anchor: Anchor, interval: Interval, index: int) -> None:
    this = period(anchor, interval, index)

    assert this.end - this.start == timedelta(hours=24 * interval.days)
