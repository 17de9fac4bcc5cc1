"""What became of renewals that were not paid in time."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.recovery import BY_HAND, Case, MonthOfRecovery, Outcome, recovery_by_month

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)

CASES = st.lists(
    st.builds(
        Case,
        st.integers(0, 100).map(lambda day: START + timedelta(days=day)),
        st.sampled_from(["EUR", "USD"]),
        st.integers(0, 10_000),
        st.sampled_from(list(Outcome)),
        st.none() | st.integers(1, 4),
    )
)


def test_cases_are_counted_by_the_month_they_were_opened_in() -> None:
    found = recovery_by_month(
        [
            Case(START, "EUR", 1_990, Outcome.RECOVERED, 2),
            Case(START, "EUR", 1_000, Outcome.RECOVERED),
            Case(START, "EUR", 500, Outcome.LOST),
            Case(START + timedelta(days=1), "EUR", 700, Outcome.OPEN),
        ]
    )

    january, february = found
    assert (january.month, january.opened, january.recovered, january.lost, january.open) == (
        date(2026, 1, 1), 4 - 1, 2, 1, 0,
    )  # fmt: skip
    assert (january.opened_cents, january.recovered_cents, january.lost_cents) == (3_490, 2_990, 500)
    assert january.by_attempt == {BY_HAND: 1, "2": 1}
    assert (february.open, february.open_cents) == (1, 700)


def test_all_that_is_told_of_a_month() -> None:
    """What was recovered by hand comes first, then each retry, in whatever order the cases came."""
    recovered = [Case(START, "USD", 100, Outcome.RECOVERED, attempt) for attempt in (2, 1, None, 2, None, 2)]

    [month] = recovery_by_month([*recovered, Case(START, "USD", 30, Outcome.LOST)])

    assert month == MonthOfRecovery(
        month=date(2026, 1, 1),
        currency="USD",
        opened=7,
        recovered=6,
        lost=1,
        open=0,
        opened_cents=630,
        recovered_cents=600,
        lost_cents=30,
        open_cents=0,
        by_attempt={BY_HAND: 2, "1": 1, "2": 3},
    )
    assert list(month.by_attempt) == [BY_HAND, "1", "2"]


@given(CASES)
def test_all_that_was_opened_is_recovered_lost_or_open(cases: list[Case]) -> None:
    months = recovery_by_month(cases)

    assert sum(month.opened for month in months) == len(cases)
    for month in months:
        assert month.opened == month.recovered + month.lost + month.open
        assert month.opened_cents == month.recovered_cents + month.lost_cents + month.open_cents
        assert month.recovered == sum(month.by_attempt.values())
