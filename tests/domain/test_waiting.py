from dataclasses import replace

import pytest

from domain.subscription import SubscriptionState
from domain.waiting import WaitingFor, waiting_for
from tests.domain.states import (
    ACTIVE,
    CANCELED,
    CARD,
    CHARGING,
    CONFIRMING,
    ENDED_WHILE_CHARGING,
    EXPIRED,
    FROZEN,
    INCOMPLETE,
    OPENED_AHEAD,
    PARKED,
    PAST_DUE,
    PAST_DUE_BY_HAND,
    PAYMENT,
    RENEWING,
    TRIALING,
    UNKNOWN,
    UNPAID,
)


@pytest.mark.parametrize(
    ("state", "awaited"),
    [
        pytest.param(INCOMPLETE, WaitingFor.PAYMENT, id="an unpaid start"),
        pytest.param(TRIALING, WaitingFor.DUE_DATE, id="a trial"),
        pytest.param(ACTIVE, WaitingFor.DUE_DATE, id="paid"),
        pytest.param(FROZEN, WaitingFor.DUE_DATE, id="frozen"),
        pytest.param(OPENED_AHEAD, WaitingFor.PAYMENT, id="opened ahead"),
        pytest.param(
            replace(OPENED_AHEAD, payment_method_id=CARD), WaitingFor.DUE_DATE, id="opened ahead, a card"
        ),
        pytest.param(RENEWING, WaitingFor.PROVIDER, id="to be charged"),
        pytest.param(CHARGING, WaitingFor.PROVIDER, id="charging"),
        pytest.param(UNKNOWN, WaitingFor.PROVIDER, id="unknown"),
        pytest.param(CONFIRMING, WaitingFor.CUSTOMER_ACTION, id="to be confirmed"),
        pytest.param(PAST_DUE, WaitingFor.DUE_DATE, id="past due"),
        pytest.param(PAST_DUE_BY_HAND, WaitingFor.PAYMENT, id="past due, by hand"),
        pytest.param(UNPAID, WaitingFor.PAYMENT, id="left unpaid"),
        pytest.param(PARKED, WaitingFor.OPERATOR, id="parked"),
        pytest.param(
            replace(CANCELED, withdrawing_payment_id=PAYMENT), WaitingFor.PROVIDER, id="a provider to tell"
        ),
        pytest.param(ENDED_WHILE_CHARGING, WaitingFor.PROVIDER, id="ended while charging"),
        pytest.param(CANCELED, None, id="canceled"),
        pytest.param(EXPIRED, None, id="expired"),
    ],
)
def test_who_moves_it_next(state: SubscriptionState, awaited: WaitingFor | None) -> None:
    assert waiting_for(state) is awaited
