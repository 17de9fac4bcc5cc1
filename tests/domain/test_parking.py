from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest

from domain import awaiting, parking, pausing, paying, renewing
from domain.collecting import AttemptStage
from domain.due import NextStep, Step, next_step
from domain.due_changes import change_due
from domain.lifecycle import Change, Event
from domain.payment import DeclineKind
from domain.refusals import RefusalCode, Refused
from domain.subscription import SubscriptionState
from tests.domain.states import (
    ACTIVE,
    CANCELED,
    CARD,
    DAY,
    ENDED_WHILE_CHARGING,
    EXPIRED,
    FREEZE,
    FROZEN,
    OPEN_INVOICE,
    PARKED,
    PAST_DUE,
    PAYMENT,
    PERIOD,
    UNKNOWN,
    attempt,
    trying,
)

AT = PERIOD.end + 3 * DAY


def test_what_is_parked_waits_and_does_nothing() -> None:
    change = parking.park(UNKNOWN, "payment_unknown")

    assert change == Change(
        replace(UNKNOWN, version=4, parked_reason="payment_unknown"),
        Event.PARKED,
        details={"reason": "payment_unknown"},
    )
    assert next_step(change.state) is None


def test_an_operator_lets_it_go_on_and_what_is_unknown_is_looked_up_anew() -> None:
    worn_out = trying(PARKED, attempt(AttemptStage.UNKNOWN, CARD, since=PERIOD.end, look_ups=11))

    assert parking.unpark(worn_out, AT) == Change(
        replace(
            trying(PARKED, attempt(AttemptStage.UNKNOWN, CARD, since=AT)), version=21, parked_reason=None
        ),
        Event.UNPARKED,
    )


def test_what_was_parked_without_a_payment_goes_on_as_it_is() -> None:
    parked = replace(ACTIVE, parked_reason="by hand")

    assert parking.unpark(parked, AT) == Change(replace(ACTIVE, version=3), Event.UNPARKED)


@pytest.mark.parametrize(
    ("at", "held_until"),
    [(FREEZE.until - DAY, None), (FREEZE.until, None), (FREEZE.until + DAY, FREEZE.until + DAY)],
)
def test_a_freeze_that_was_to_end_while_parked_ends_when_it_goes_on(
    at: datetime, held_until: datetime | None
) -> None:
    resumed = parking.unpark(replace(FROZEN, parked_reason="chargeback"), at).state

    assert resumed == replace(FROZEN, version=4, freeze=replace(FREEZE, held_until=held_until))
    assert next_step(resumed) == NextStep(Step.UNFREEZE, held_until or FREEZE.until)


def test_it_is_held_for_as_long_as_it_was_parked_however_often() -> None:
    once = parking.unpark(replace(FROZEN, parked_reason="chargeback"), FREEZE.until + DAY).state
    twice = parking.unpark(replace(once, parked_reason="internal_fault"), FREEZE.until + 2 * DAY).state

    assert twice.freeze == replace(FREEZE, held_until=FREEZE.until + 2 * DAY)


def test_who_comes_first_after_its_end_staff_or_the_user_makes_no_difference() -> None:
    """No paid time is lost, and the allowance pays for what was asked for."""
    parked, at = replace(FROZEN, parked_reason="chargeback"), FREEZE.until + 30 * DAY
    staff_first = change_due(parking.unpark(parked, at).state, at)
    assert staff_first is not None
    user_first = parking.unpark(pausing.unfreeze(parked, at).state, at)

    assert staff_first.state == user_first.state
    assert staff_first.state.paid_until == PERIOD.end + 40 * DAY
    assert staff_first.state.frozen_time.spent_in(0) == 10 * DAY


@pytest.mark.parametrize("state", [ACTIVE, FROZEN])
def test_only_what_is_parked_is_unparked(state: SubscriptionState) -> None:
    with pytest.raises(Refused) as refused:
        parking.unpark(state, AT)

    assert refused.value.code is RefusalCode.NOT_PARKED


@pytest.mark.parametrize("state", [ACTIVE, FROZEN, UNKNOWN])
def test_a_fault_of_ours_is_for_an_operator(state: SubscriptionState) -> None:
    assert parking.park_for_a_fault(state) == parking.park(state, "internal_fault")


REASONS = ("provider_rejected", "payment_pending", "payment_unknown", "amount_mismatch", "internal_fault")
SETTLED: dict[str, Callable[[SubscriptionState], Change | None]] = {
    "paid": lambda state: paying.paid(state, PAYMENT, AT),
    "declined": lambda state: paying.declined(state, PAYMENT, DeclineKind.SOFT, AT),
    "replaced": lambda state: renewing.attempt_opened(state, 78, CARD, AT, is_automatic=False),
    "given up": lambda state: awaiting.never_arrived(replace(state, cancel_at_period_end=True), PAYMENT, AT),
}


@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("settle", SETTLED.values(), ids=SETTLED)
def test_a_payment_out_of_the_way_answers_what_was_asked_about_it_and_mends_no_fault(
    settle: Callable[[SubscriptionState], Change | None], reason: str
) -> None:
    change = settle(replace(UNKNOWN, parked_reason=reason))

    assert change is not None
    assert change.state.parked_reason == (reason if reason == "internal_fault" else None)


def test_after_the_end_a_fault_of_ours_stops_nothing_more() -> None:
    parked = replace(ENDED_WHILE_CHARGING, parked_reason="internal_fault")

    assert paying.paid(parked, PAYMENT, AT).state.is_finished
    assert paying.paid(parked, PAYMENT, AT).state.parked_reason is None


def test_a_charge_that_a_fault_holds_up_is_asked_for_once() -> None:
    held_up = replace(trying(PAST_DUE, attempt(AttemptStage.DUE, CARD)), parked_reason="internal_fault")

    assert not renewing.is_collectable(held_up)
    with pytest.raises(Refused) as refused:
        renewing.check_payable(held_up, OPEN_INVOICE)
    assert refused.value.code is RefusalCode.PAYMENT_IN_PROGRESS


TELLING_THE_PROVIDER = replace(EXPIRED, withdrawing_payment_id=PAYMENT)


@pytest.mark.parametrize("state", [PARKED, EXPIRED, TELLING_THE_PROVIDER, CANCELED])
def test_what_is_parked_or_over_is_not_parked_for_a_fault(state: SubscriptionState) -> None:
    assert parking.park_for_a_fault(state) is None
