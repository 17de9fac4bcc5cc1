from datetime import datetime, timedelta

import pytest

from domain.due import NextStep, Step, next_step, step_due
from domain.subscription import SubscriptionState
from tests.domain.states import ACTIVE, CANCELED, CANCELING, EXPIRED, INCOMPLETE, PERIOD, STARTED_AT

JUST_BEFORE = timedelta(microseconds=-1)
YEARS_LATE = timedelta(days=2_000)


@pytest.mark.parametrize(
    ("state", "upcoming"),
    [
        (INCOMPLETE, NextStep(Step.EXPIRE, STARTED_AT + timedelta(hours=23))),
        (ACTIVE, NextStep(Step.END_PERIOD, PERIOD.end)),
        (CANCELING, NextStep(Step.END_PERIOD, PERIOD.end)),
        (CANCELED, None),
        (EXPIRED, None),
    ],
)
def test_what_time_alone_brings(state: SubscriptionState, upcoming: NextStep | None) -> None:
    assert next_step(state) == upcoming


@pytest.mark.parametrize(
    ("state", "step", "at"),
    [
        (INCOMPLETE, Step.EXPIRE, INCOMPLETE.expires_at),
        (ACTIVE, Step.END_PERIOD, PERIOD.end),
        (CANCELING, Step.END_PERIOD, PERIOD.end),
        (CANCELED, None, PERIOD.end),
        (EXPIRED, None, PERIOD.end),
    ],
)
def test_a_step_is_due_from_its_instant_on(state: SubscriptionState, step: Step | None, at: datetime) -> None:
    assert step_due(state, at + JUST_BEFORE) is None
    assert step_due(state, at) is step
    assert step_due(state, at + YEARS_LATE) is step
