"""What each state waits for, and when."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.collecting import AttemptStage
from domain.due import NextStep, Step, next_step, step_due
from domain.subscription import Status
from tests.domain.states import (
    CANCELED,
    CARD,
    EXPIRED,
    FROZEN,
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
from tests.domain.waits import WAITS_FOR

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
    ("stage", "too_late"),
    [
        pytest.param(AttemptStage.DUE, Step.EXPIRE, id="never sent"),
        pytest.param(AttemptStage.CHARGING, Step.COLLECT, id="with its provider"),
    ],
)
def test_nobody_begins_to_charge_for_a_start_that_is_given_up(stage: AttemptStage, too_late: Step) -> None:
    state = trying(INCOMPLETE, attempt(stage, CARD, since=STARTED_AT))

    assert step_due(state, state.expires_at - MOMENT) is Step.COLLECT
    assert step_due(state, state.expires_at) is too_late
