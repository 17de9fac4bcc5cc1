from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.billing_calendar import Anchor, Interval, parse_interval, period
from domain.dunning import DunningCase, DunningPolicy, FinalAction, check_window
from domain.refusals import RefusalCode, Refused
from tests.domain.states import CASE, DAY, PERIOD, POLICY

OPENED_AT = PERIOD.end

POLICIES = st.builds(
    DunningPolicy,
    version=st.just(1),
    retry_days=st.lists(st.integers(1, 60), min_size=1, max_size=10, unique=True).map(
        lambda days: tuple(sorted(days))
    ),
    final_action=st.sampled_from(FinalAction),
)


def test_days_count_from_the_first_failure() -> None:
    case, days = CASE, []
    while not case.is_exhausted:
        days.append((case.next_at - OPENED_AT).days)
        case = case.retried(case.next_at)

    assert days == [2, 7, 14, 21]
    assert case == replace(CASE, retries_made=4, last_attempt_at=OPENED_AT + 21 * DAY)
    assert case.next_at == case.last_attempt_at == case.last_at


@pytest.mark.parametrize(
    ("late_by_days", "retries_made", "next_in_days"),
    [(2, 1, 7), (6, 1, 7), (7, 2, 14), (10, 2, 14), (13.5, 2, 14.5), (20, 3, 21), (21, 4, 21), (400, 4, 400)],
)
def test_days_that_passed_while_we_were_away_are_behind_us_without_a_burst(
    late_by_days: float, retries_made: int, next_in_days: float
) -> None:
    case = CASE.retried(OPENED_AT + timedelta(days=late_by_days))

    assert case.retries_made == retries_made
    assert case.next_at == OPENED_AT + timedelta(days=next_in_days)


@pytest.mark.parametrize("retries_made", [0, 2])
def test_a_day_is_spent_also_ahead_of_its_date(retries_made: int) -> None:
    early_at = OPENED_AT + DAY

    assert replace(CASE, retries_made=retries_made).retried(early_at) == replace(
        CASE, retries_made=retries_made + 1, last_attempt_at=early_at
    )


def test_a_charge_by_hand_keeps_the_next_one_a_day_away() -> None:
    charged_at = OPENED_AT + timedelta(days=1, hours=22)

    assert replace(CASE, last_attempt_at=charged_at).next_at == charged_at + DAY


@pytest.mark.parametrize(
    ("retries_made", "is_before_the_last_day", "is_exhausted"),
    [(0, True, False), (2, True, False), (3, False, False), (4, False, True)],
)
def test_where_a_case_stands(retries_made: int, *, is_before_the_last_day: bool, is_exhausted: bool) -> None:
    case = replace(CASE, retries_made=retries_made)

    assert (case.is_before_the_last_day, case.is_exhausted) == (is_before_the_last_day, is_exhausted)


@given(POLICIES, st.lists(st.floats(0, 40), min_size=1, max_size=20))
def test_never_two_attempts_within_a_day_and_never_more_than_the_policy_has(
    policy: DunningPolicy, late_by_days: list[float]
) -> None:
    case = DunningCase(policy, OPENED_AT, OPENED_AT)
    attempts = [OPENED_AT]
    for late_by in late_by_days:
        if case.is_exhausted:
            break
        attempts.append(case.next_at + timedelta(days=late_by))
        case = case.retried(attempts[-1])

    assert len(attempts) - 1 <= case.retries_made <= len(policy.retry_days)
    assert all(later - earlier >= DAY for earlier, later in pairwise(attempts))
    if not case.is_exhausted:
        assert case.next_at - OPENED_AT >= timedelta(days=policy.retry_days[case.retries_made])


@pytest.mark.parametrize(
    ("period_iso", "last_day", "is_refused"),
    [
        ("P30D", 29, False),
        ("P30D", 30, True),
        ("P1W", 6, False),
        ("P1W", 7, True),
        ("P1M", 27, False),
        ("P1M", 28, True),
        ("P2M", 58, False),
        ("P2M", 59, True),
        ("P6M", 180, False),
        ("P6M", 181, True),
        ("P1Y", 364, False),
        ("P1Y", 365, True),
        ("P4Y", 1_459, False),
    ],
)
def test_dunning_is_over_before_the_shortest_period_is(
    period_iso: str, last_day: int, *, is_refused: bool
) -> None:
    policy = replace(POLICY, retry_days=(1, last_day))
    if not is_refused:
        check_window(policy, parse_interval(period_iso))
        return
    with pytest.raises(Refused) as refused:
        check_window(policy, parse_interval(period_iso))
    assert refused.value.code is RefusalCode.DUNNING_WINDOW_TOO_LONG


@given(st.dates(date(2025, 1, 1), date(2400, 1, 1)), st.integers(1, 120), st.integers(0, 10))
def test_dunning_that_could_last_as_long_as_a_period_is_refused_wherever_that_begins(
    started_on: date, months: int, index: int
) -> None:
    interval = Interval(months=months, days=0)
    anchor = Anchor.starting(datetime.combine(started_on, time(9, 30), UTC))
    billed = period(anchor, interval, index)

    with pytest.raises(Refused):
        check_window(replace(POLICY, retry_days=((billed.end - billed.start).days,)), interval)
