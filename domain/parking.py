"""Stopped for an operator: nothing is billed until somebody has looked, and access stays as paid."""

from dataclasses import replace
from datetime import datetime

from domain.lifecycle import TRANSITIONS, Action, Change, Event, next_status, next_version
from domain.refusals import RefusalCode, Refused
from domain.subscription import SubscriptionState

OF_A_PAYMENT = frozenset({"provider_rejected", "payment_pending", "payment_unknown", "amount_mismatch"})
"""The reasons that are answered when the payment in question is settled, replaced or given up."""


def park(state: SubscriptionState, reason: str) -> Change:
    """A chargeback stays the reason, whatever comes to it."""
    next_status(state.status, Action.PARK)
    parked = replace(state, parked_reason=state.stays_parked_for or reason)
    return Change(next_version(parked), Event.PARKED, details={"reason": reason})


def park_for_a_fault(state: SubscriptionState) -> Change | None:
    """A step failed by a fault of ours; `None` when it is parked already, or nothing can be stopped."""
    is_possible = (state.status, Action.PARK) in TRANSITIONS and not state.is_finished
    if state.parked_reason is not None or not is_possible:
        return None
    return park(state, "internal_fault")


def reason_left(state: SubscriptionState) -> str | None:
    """What an operator still has to look at when the payment in question is out of the way.

    A fault of ours is not mended by that; once it has ended there is nothing left to stop.
    """
    if state.has_ended or state.parked_reason in OF_A_PAYMENT:
        return None
    return state.parked_reason


def unpark(state: SubscriptionState, at: datetime) -> Change:
    """An operator has looked: it goes on where it stopped, and what is unknown is looked up anew.

    A freeze that was to end meanwhile ends now: its paid time moves by all of it, so that none is lost.
    """
    next_status(state.status, Action.UNPARK)
    if state.parked_reason is None:
        raise Refused(RefusalCode.NOT_PARKED, "the subscription is not parked")
    resumed = replace(state, parked_reason=None, freeze=state.freeze and state.freeze.holding(at))
    if state.attempt is not None:
        resumed = resumed.with_attempt(state.attempt.at_stage(state.attempt.stage, at))
    return Change(next_version(resumed), Event.UNPARKED)
