from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.billing_calendar import Period
from domain.refund import WithdrawalRule, withdrawal_cents
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
