"""However often it is frozen, the paid time is neither longer nor shorter."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain import pausing, renewing
from domain.billing_calendar import Anchor, Period
from domain.refusals import Refused
from domain.subscription import PaidAhead, SubscriptionState
from tests.domain.states import ACTIVE, DAY, STARTED_AT, YEARLY, instant

A_YEAR = Period(STARTED_AT, instant("2027-01-31T09:30"))
NEXT_YEAR = Period(A_YEAR.end, instant("2028-01-31T09:30"))
BOUGHT = replace(
    ACTIVE,
    plan=replace(YEARLY, freeze_days_per_year=180),
    anchor=Anchor.starting(STARTED_AT),
    period=A_YEAR,
)
FREEZES = st.lists(st.tuples(st.integers(0, 90 * 86_400), st.integers(1, 40 * 86_400)), max_size=8)


def frozen_and_thawed(
    state: SubscriptionState, freezes: list[tuple[int, int]]
) -> tuple[SubscriptionState, timedelta]:
    """The state after these freezes, each so many seconds after the one before, and their whole length."""
    now, frozen = STARTED_AT, timedelta()
    for apart, length in freezes:
        now += timedelta(seconds=apart)
        until = now + timedelta(seconds=length)
        try:
            state = pausing.freeze(state, until=until, at=now).state
        except Refused:
            continue
        state = pausing.unfreeze(state, until).state
        frozen += until - now
        now = until
    return state, frozen


@given(FREEZES)
def test_a_year_that_was_paid_has_365_days_however_often_it_is_frozen(
    freezes: list[tuple[int, int]],
) -> None:
    state, frozen = frozen_and_thawed(BOUGHT, freezes)

    assert state.paid_until - state.period.start - frozen == 365 * DAY
    upcoming = renewing.next_period(state, state.paid_until)
    assert (upcoming.period.start, upcoming.skipped_count) == (state.paid_until, 0)
    if frozen:
        assert state.anchor == Anchor(state.paid_until, billing_day=state.paid_until.day)


@given(FREEZES)
def test_a_year_that_was_paid_ahead_keeps_its_length_too(freezes: list[tuple[int, int]]) -> None:
    state, frozen = frozen_and_thawed(replace(BOUGHT, paid_ahead=PaidAhead(1, NEXT_YEAR)), freezes)

    assert state.paid_until - state.period.start - frozen == 730 * DAY
    begun = renewing.begin_paid_period(state).state
    assert begun.period.end - begun.period.start == 365 * DAY
    assert renewing.next_period(begun, begun.paid_until).period.start == begun.paid_until


def test_three_freezes_in_a_year() -> None:
    day = 86_400
    state, frozen = frozen_and_thawed(BOUGHT, [(30 * day, 10 * day), (60 * day, 10 * day), (0, 9 * day)])

    assert frozen == 29 * DAY
    assert state.period == Period(STARTED_AT, instant("2027-03-01T09:30"))
