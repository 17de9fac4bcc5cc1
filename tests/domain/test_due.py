"""What each state waits for, and when."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.collecting import AttemptStage
from domain.due import NextStep, Step, due_by, next_step, step_due
from domain.subscription import Status, SubscriptionState
from tests.domain.states import (
    CANCELED,
    CARD,
    CHANGING,
    EXPIRED,
    FROZEN,
    IN_THE_PERIOD,
    INCOMPLETE,
    MOMENT,
    PARKED,
    PAST_DUE,
    PERIOD,
    STARTED_AT,
    UNPAID,
    attempt,
    trying,
)
from tests.domain.waits import WAITS_FOR, changing_at

YEARS_LATE = timedelta(days=2_000)
OVERTAKEN_BY_THE_END_OF_DUNNING = {Step.RETRY_PAYMENT, Step.REMIND_UNPAID}
OVERTAKEN = {
    "a start to be charged",
    "a charge",
    "an invoice that waits for the boundary and a card",
    "a change of plan to be charged",
}

WAITS_FOR_NOTHING = {
    "expired": EXPIRED,
    "canceled": CANCELED,
    "unpaid": UNPAID,
    "parked": PARKED,
    "frozen without an instant": replace(FROZEN, freeze=None),
}


@pytest.mark.parametrize("name", WAITS_FOR)
def test_what_time_alone_brings(name: str) -> None:
    state, step, at = WAITS_FOR[name]

    assert next_step(state) == NextStep(step, at)


@pytest.mark.parametrize("name", WAITS_FOR_NOTHING)
def test_what_time_alone_changes_nothing_in(name: str) -> None:
    state = WAITS_FOR_NOTHING[name]

    assert next_step(state) is None
    assert step_due(state, PERIOD.end + YEARS_LATE) is None


@pytest.mark.parametrize("name", WAITS_FOR)
def test_a_step_is_due_from_its_instant_on(name: str) -> None:
    state, step, at = WAITS_FOR[name]

    assert step_due(state, at - MOMENT) is None
    assert step_due(state, at) is step
    is_overtaken = step in OVERTAKEN_BY_THE_END_OF_DUNNING or name in OVERTAKEN
    if not is_overtaken:
        assert step_due(state, at + YEARS_LATE) is step


def test_every_step_is_waited_for_somewhere() -> None:
    assert {step for _, step, _ in WAITS_FOR.values()} == set(Step)


def test_every_status_is_told() -> None:
    states = [state for state, _, _ in WAITS_FOR.values()] + list(WAITS_FOR_NOTHING.values())

    assert {state.status for state in states} == set(Status)


def test_what_is_past_due_without_a_case_is_a_fault() -> None:
    with pytest.raises(ValueError, match="subscription 7 is not past due"):
        next_step(replace(PAST_DUE, dunning=None))


@pytest.mark.parametrize(
    ("state", "given_up"),
    [
        pytest.param(INCOMPLETE, NextStep(Step.EXPIRE, INCOMPLETE.expires_at), id="a start"),
        pytest.param(
            CHANGING, NextStep(Step.DROP_CHANGE, IN_THE_PERIOD + timedelta(hours=23)), id="a change of plan"
        ),
        pytest.param(
            changing_at(PERIOD.end - timedelta(hours=1)),
            NextStep(Step.DROP_CHANGE, PERIOD.end),
            id="a change of plan shortly before the period's end",
        ),
    ],
)
def test_nobody_begins_to_charge_for_what_is_given_up(state: SubscriptionState, given_up: NextStep) -> None:
    never_sent = trying(state, attempt(AttemptStage.DUE, CARD, since=STARTED_AT))
    at_provider = trying(state, attempt(AttemptStage.CHARGING, CARD, since=STARTED_AT))
    collect = NextStep(Step.COLLECT, STARTED_AT)

    assert due_by(never_sent, given_up.at - MOMENT) == collect
    for late_by in (timedelta(), YEARS_LATE):
        assert due_by(never_sent, given_up.at + late_by) == given_up
        assert due_by(at_provider, given_up.at + late_by) == collect
