from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import freeze_allowance
from domain.freeze_allowance import NEVER_FROZEN, FrozenTime
from tests.domain.states import DAY, MOMENT, instant

STARTED_AT = instant("2026-01-31T09:30")
NEXT_YEAR_AT = instant("2027-01-31T09:30")
THIRTY = 30 * DAY


@pytest.mark.parametrize(
    ("started", "year", "begins"),
    [
        ("2026-01-31T09:30", 0, "2026-01-31T09:30"),
        ("2026-01-31T09:30", 3, "2029-01-31T09:30"),
        ("2028-02-29T12:00", 1, "2029-02-28T12:00"),
        ("2028-02-29T12:00", 4, "2032-02-29T12:00"),
    ],
)
def test_the_years_of_a_subscription_count_from_its_start(started: str, year: int, begins: str) -> None:
    assert freeze_allowance.year_start(instant(started), year) == instant(begins)
    assert freeze_allowance.year_of(instant(started), instant(begins)) == year
    assert freeze_allowance.year_of(instant(started), instant(begins) - MOMENT) == year - 1


@pytest.mark.parametrize(
    ("spent", "since", "latest"),
    [
        pytest.param(
            NEVER_FROZEN, instant("2026-06-01T00:00"), instant("2026-07-01T00:00"), id="all of a year"
        ),
        pytest.param(
            FrozenTime(0, 20 * 86_400),
            instant("2026-06-01T00:00"),
            instant("2026-06-11T00:00"),
            id="the rest of a year",
        ),
        pytest.param(
            FrozenTime(0, 30 * 86_400), instant("2026-06-01T00:00"), instant("2026-06-01T00:00"), id="none"
        ),
        pytest.param(
            FrozenTime(0, 30 * 86_400), NEXT_YEAR_AT, NEXT_YEAR_AT + THIRTY, id="a new year, new days"
        ),
        pytest.param(NEVER_FROZEN, NEXT_YEAR_AT - 10 * DAY, NEXT_YEAR_AT + THIRTY, id="into the next year"),
        pytest.param(
            FrozenTime(0, 25 * 86_400),
            NEXT_YEAR_AT - 5 * DAY,
            NEXT_YEAR_AT + THIRTY,
            id="exactly into the next year",
        ),
        pytest.param(
            FrozenTime(0, 25 * 86_400 + 1),
            NEXT_YEAR_AT - 5 * DAY,
            NEXT_YEAR_AT - timedelta(seconds=1),
            id="a second too little",
        ),
    ],
)
def test_how_long_the_days_last(spent: FrozenTime, since: datetime, latest: datetime) -> None:
    assert freeze_allowance.latest_end(STARTED_AT, THIRTY, spent, since) == latest


def test_a_freeze_never_runs_through_a_whole_year() -> None:
    long = timedelta(days=366)
    latest = freeze_allowance.latest_end(STARTED_AT, long, NEVER_FROZEN, NEXT_YEAR_AT - DAY)

    assert latest == instant("2028-01-31T09:30")


@pytest.mark.parametrize(
    ("spent", "since", "until", "after"),
    [
        pytest.param(
            NEVER_FROZEN,
            instant("2026-06-01T00:00"),
            instant("2026-06-03T12:00"),
            FrozenTime(0, 216_000),
            id="the first",
        ),
        pytest.param(
            FrozenTime(0, 100),
            instant("2026-06-01T00:00"),
            instant("2026-06-01T00:01"),
            FrozenTime(0, 160),
            id="one more in the year",
        ),
        pytest.param(
            FrozenTime(0, 100),
            NEXT_YEAR_AT - 5 * DAY,
            NEXT_YEAR_AT + DAY,
            FrozenTime(1, 86_400),
            id="into the next year",
        ),
        pytest.param(
            FrozenTime(0, 100),
            NEXT_YEAR_AT + DAY,
            NEXT_YEAR_AT + 2 * DAY,
            FrozenTime(1, 86_400),
            id="in the next year",
        ),
    ],
)
def test_what_is_spent(spent: FrozenTime, since: datetime, until: datetime, after: FrozenTime) -> None:
    assert freeze_allowance.spend(STARTED_AT, spent, since, until) == after


STARTS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1)).map(  # noqa: DTZ001 - Hypothesis wants the bounds bare
    lambda at: instant(at.replace(microsecond=0).isoformat())
)


@given(
    STARTS, st.integers(0, 180), st.lists(st.tuples(st.integers(0, 200), st.integers(1, 200)), max_size=12)
)
def test_no_year_is_ever_frozen_for_longer_than_its_allowance(
    started_at: datetime, allowance_days: int, freezes: list[tuple[int, int]]
) -> None:
    """Freezes with as many days between them, each as long as wanted or as is allowed."""
    allowance, now, spent = allowance_days * DAY, started_at, NEVER_FROZEN
    frozen: list[tuple[datetime, datetime]] = []
    for apart, wanted in freezes:
        since = now + apart * DAY
        until = min(since + wanted * DAY, freeze_allowance.latest_end(started_at, allowance, spent, since))
        assert until >= since
        if until > since:
            spent = freeze_allowance.spend(started_at, spent, since, until)
            frozen.append((since, until))
        now = until

    for year in range(freeze_allowance.year_of(started_at, now) + 1):
        begins, ends = (freeze_allowance.year_start(started_at, each) for each in (year, year + 1))
        within = [max(min(until, ends) - max(since, begins), timedelta()) for since, until in frozen]
        assert sum(within, timedelta()) <= allowance
