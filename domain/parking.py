"""Stopped for an operator: nothing is billed until somebody has looked, and access stays as paid."""

from dataclasses import replace
from datetime import datetime

from domain.lifecycle import TRANSITIONS, Action, Change, Event, next_status, next_version
from domain.refusals import RefusalCode, Refused
from domain.subscription import SubscriptionState


def park(state: SubscriptionState, reason: str) -> Change:
    """A chargeback stays the reason, whatever comes to it."""
    next_status(state.status, Action.PARK)
    parked = replace(state, parked_reason=state.stays_parked_for or reason)
    return Change(next_version(parked), Event.PARKED, details={"reason": reason})


def park_for_a_fault(state: SubscriptionState) -> Change | None:
    """A step failed by a fault of ours; `None` when it is parked already, or nothing can be stopped."""
    if state.parked_reason is not None or (state.status, Action.PARK) not in TRANSITIONS:
        return None
    return park(state, "internal_fault")


def unpark(state: SubscriptionState, at: datetime) -> Change:
    """An operator has looked: it goes on where it stopped, and what is unknown is looked up anew."""
    next_status(state.status, Action.UNPARK)
    if state.parked_reason is None:
        raise Refused(RefusalCode.NOT_PARKED, "the subscription is not parked")
    resumed = replace(state, parked_reason=None)
    if state.attempt is not None:
        resumed = resumed.with_attempt(state.attempt.at_stage(state.attempt.stage, at))
    return Change(next_version(resumed), Event.UNPARKED)
