"""What of a payment was charged back, and that nothing but an operator lets the subscription go on then."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import awaiting, ending, parking, paying, renewing
from domain.chargeback import LeftOfPayment, disputed_cents, stop_billing
from domain.due import next_step
from domain.lifecycle import Change, Event
from domain.payment import DeclineKind
from domain.subscription import CHARGEBACK, SubscriptionState
from tests.domain.states import (
    ACTIVE,
    CANCELED,
    CARD,
    CHARGING,
    ENDED_WHILE_CHARGING,
    EXPIRED,
    IN_THE_PERIOD,
    OPENED_AHEAD,
    PARKED,
    PAST_DUE,
    PAYMENT,
    PERIOD,
    RENEWING,
    STATES,
    UNPAID,
)

CENTS = st.integers(min_value=0, max_value=10_000)


def stopped(state: SubscriptionState) -> SubscriptionState:
    return replace(state, parked_reason=CHARGEBACK)


@pytest.mark.parametrize(
    ("claimed", "cents"), [(None, 1_000), (500, 500), (1_490, 1_490), (1_991, 1_490), (0, 0)]
)
def test_a_bank_that_names_no_amount_leaves_room_for_refunds_under_way(
    claimed: int | None, cents: int
) -> None:
    assert disputed_cents(claimed, LeftOfPayment(1_990, returned_cents=500, on_its_way_cents=490)) == cents


@given(received=CENTS, returned=CENTS, on_its_way=CENTS, claimed=st.none() | CENTS)
def test_never_more_than_was_not_given_back(
    received: int, returned: int, on_its_way: int, claimed: int | None
) -> None:
    returned = min(returned, received)
    on_its_way = min(on_its_way, received - returned)
    cents = disputed_cents(claimed, LeftOfPayment(received, returned, on_its_way))

    assert 0 <= cents <= received - returned
    if claimed is None:
        assert cents == received - returned - on_its_way
    else:
        assert cents == min(claimed, received - returned)


def test_billing_stops() -> None:
    assert stop_billing(ACTIVE) == Change(
        replace(ACTIVE, version=3, parked_reason="chargeback"),
        Event.PARKED,
        details={"reason": "chargeback"},
    )


def test_what_was_parked_for_something_else_waits_for_this_too() -> None:
    change = stop_billing(PARKED)

    assert change is not None
    assert change.state == replace(PARKED, version=21, parked_reason="chargeback")


@pytest.mark.parametrize("state", [stopped(ACTIVE), CANCELED, EXPIRED, ENDED_WHILE_CHARGING])
def test_there_is_nothing_to_stop(state: SubscriptionState) -> None:
    assert stop_billing(state) is None


@pytest.mark.parametrize("state", [state for state in STATES.values() if not state.has_ended], ids=str)
def test_time_alone_brings_nothing_then(state: SubscriptionState) -> None:
    change = stop_billing(state)

    assert change is not None
    assert next_step(change.state) is None


NEWS: dict[str, Callable[[], Change | None]] = {
    "paid": lambda: paying.paid(stopped(CHARGING), PAYMENT, PERIOD.end),
    "paid after all": lambda: paying.paid(stopped(UNPAID), PAYMENT, PERIOD.end),
    "declined": lambda: paying.declined(stopped(CHARGING), PAYMENT, DeclineKind.SOFT, PERIOD.end),
    "paying anew": lambda: renewing.attempt_opened(
        stopped(PAST_DUE), 78, CARD, IN_THE_PERIOD, is_automatic=False
    ),
    "canceled for later": lambda: ending.cancel(stopped(OPENED_AHEAD), at_period_end=True, at=IN_THE_PERIOD),
    "another reason": lambda: parking.park(stopped(CHARGING), "payment_unknown"),
    "no answer": lambda: awaiting.unknown(stopped(CHARGING), PAYMENT, PERIOD.end),
}


@pytest.mark.parametrize("news", list(NEWS.values()), ids=NEWS)
def test_whatever_becomes_of_its_payments_it_waits_for_staff(news: Callable[[], Change | None]) -> None:
    change = news()

    assert change is not None
    assert (change.state.parked_reason, next_step(change.state)) == ("chargeback", None)


def test_what_was_not_sent_is_not_sent_any_more() -> None:
    assert awaiting.charging(stopped(RENEWING), PAYMENT, PERIOD.end) is None
    assert awaiting.charging(stopped(CHARGING), PAYMENT, PERIOD.end) == stopped(CHARGING)


def test_another_card_does_not_collect_at_once() -> None:
    assert renewing.is_collectable(PAST_DUE)
    assert not renewing.is_collectable(stopped(PAST_DUE))


def test_staff_let_it_go_on_or_end_it() -> None:
    assert parking.unpark(stopped(ACTIVE), IN_THE_PERIOD).state.parked_reason is None
    ended = ending.cancel(stopped(ACTIVE), at_period_end=False, at=IN_THE_PERIOD)
    assert ended is not None
    assert (ended.state.parked_reason, ended.state.has_ended) == (None, True)
