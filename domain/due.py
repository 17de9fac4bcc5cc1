"""What a subscription does next, and when. Times are the workflow's; late is right."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.subscription import Status, SubscriptionState


class Step(StrEnum):
    EXPIRE = "expire"
    END_PERIOD = "end_period"


@dataclass(frozen=True)
class NextStep:
    step: Step
    at: datetime


def next_step(state: SubscriptionState) -> NextStep | None:
    """The next thing that time alone brings; `None` after the end."""
    if state.status is Status.INCOMPLETE:
        return NextStep(Step.EXPIRE, state.expires_at)
    if state.status is Status.ACTIVE:
        return NextStep(Step.END_PERIOD, state.period.end)
    return None


def step_due(state: SubscriptionState, now: datetime) -> Step | None:
    """The step that is due at `now`, if any."""
    upcoming = next_step(state)
    return upcoming.step if upcoming is not None and upcoming.at <= now else None
