from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.billing_calendar import Period
from domain.refund import (
    WithdrawalRule,
    amount_to_refund,
    wait_before_look_up,
    withdrawal_cents,
)
from domain.refusals import RefusalCode, Refused
from tests.domain.states import DAY, MOMENT, PERIOD

FULL, PRORATED = WithdrawalRule.FULL, WithdrawalRule.PRORATED


@pytest.mark.parametrize(
    ("rule", "paid_for", "at", "cents"),
    [
        pytest.param(FULL, PERIOD, PERIOD.start + 10 * DAY, 1_990, id="everything"),
        pytest.param(FULL, None, PERIOD.start, 1_990, id="everything, for no time"),
        pytest.param(PRORATED, PERIOD, PERIOD.start, 1_990, id="nothing used"),
        pytest.param(PRORATED, PERIOD, PERIOD.start + 7 * DAY, 1_493, id="three quarters left: 1492.5"),
        pytest.param(PRORATED, PERIOD, PERIOD.start + 14 * DAY, 995, id="half left"),
        pytest.param(PRORATED, PERIOD, PERIOD.end - MOMENT, 0, id="all but used"),
        pytest.param(PRORATED, PERIOD, PERIOD.end + 10 * DAY, 0, id="used long ago"),
        pytest.param(PRORATED, PERIOD, PERIOD.start - 10 * DAY, 1_990, id="paid ahead"),
        pytest.param(PRORATED, None, PERIOD.start, 1_990, id="paid for no time"),
    ],
)
def test_what_a_withdrawal_gives_back(
    rule: WithdrawalRule, paid_for: Period | None, at: datetime, cents: int
) -> None:
    assert withdrawal_cents(rule, 1_990, paid_for, at) == cents


@given(st.integers(0, 10**9), st.integers(1, 10**8), st.integers(-(10**8), 2 * 10**8))
def test_never_more_than_was_paid_and_never_less_than_nothing(
    paid_cents: int, whole_seconds: int, at_second: int
) -> None:
    paid_for = Period(PERIOD.start, PERIOD.start + timedelta(seconds=whole_seconds))
    at = PERIOD.start + timedelta(seconds=at_second)

    assert 0 <= withdrawal_cents(PRORATED, paid_cents, paid_for, at) <= paid_cents


@pytest.mark.parametrize(
    ("asked_cents", "left_cents", "cents"), [(None, 1_990, 1_990), (500, 1_990, 500), (1_990, 1_990, 1_990)]
)
def test_staff_give_back_what_they_ask_for_or_all_that_is_left(
    asked_cents: int | None, left_cents: int, cents: int
) -> None:
    assert amount_to_refund(asked_cents, left_cents) == cents


@pytest.mark.parametrize(("asked_cents", "left_cents"), [(1_991, 1_990), (None, 0), (0, 1_990), (-1, 1_990)])
def test_never_more_than_is_left_and_never_nothing(asked_cents: int | None, left_cents: int) -> None:
    with pytest.raises(Refused) as refused:
        amount_to_refund(asked_cents, left_cents)

    assert refused.value.code is RefusalCode.REFUND_EXCEEDS_PAYMENT
    assert refused.value.facts == {"left_cents": left_cents}


def test_a_refund_without_an_answer_is_asked_for_ever_more_rarely() -> None:
    assert [wait_before_look_up(made).seconds for made in range(4)] == [30, 60, 120, 240]
