from dataclasses import replace

import pytest

from domain import parking
from domain.collecting import AttemptStage
from domain.due import next_step
from domain.lifecycle import Change, Event
from domain.refusals import RefusalCode, Refused
from domain.subscription import SubscriptionState
from tests.domain.states import ACTIVE, CARD, DAY, EXPIRED, FROZEN, PARKED, PERIOD, UNKNOWN, attempt, trying

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


@pytest.mark.parametrize("state", [ACTIVE, FROZEN])
def test_only_what_is_parked_is_unparked(state: SubscriptionState) -> None:
    with pytest.raises(Refused) as refused:
        parking.unpark(state, AT)

    assert refused.value.code is RefusalCode.NOT_PARKED


@pytest.mark.parametrize("state", [ACTIVE, FROZEN, UNKNOWN])
def test_a_fault_of_ours_is_for_an_operator(state: SubscriptionState) -> None:
    assert parking.park_for_a_fault(state) == parking.park(state, "internal_fault")


@pytest.mark.parametrize("state", [PARKED, EXPIRED])
def test_what_is_parked_or_over_is_not_parked_for_a_fault(state: SubscriptionState) -> None:
    assert parking.park_for_a_fault(state) is None
