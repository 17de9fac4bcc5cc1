"""What may happen to a subscription in each status: one table, and the changes it allows.

Every status × action is listed in `TRANSITIONS` or refused with the code in `REFUSALS`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from domain.refusals import RefusalCode, Refused
from domain.subscription import Status, SubscriptionState


class Action(StrEnum):
    ACTIVATE = "activate"
    EXPIRE = "expire"
    CANCEL_AT_PERIOD_END = "cancel_at_period_end"
    CANCEL_NOW = "cancel_now"
    UNCANCEL = "uncancel"
    END_PERIOD = "end_period"


class Event(StrEnum):
    """What the timeline calls it."""

    OPENED = "opened"
    ACTIVATED = "activated"
    PAYMENT_DECLINED = "payment_declined"
    PAYMENT_PARKED = "payment_parked"
    PAYMENT_OVERPAID = "payment_overpaid"
    LATE_PAYMENT_RECEIVED = "late_payment_received"
    EXPIRED = "expired"
    CANCEL_SCHEDULED = "cancel_scheduled"
    CANCEL_WITHDRAWN = "cancel_withdrawn"
    CANCELED = "canceled"
    ENDED = "ended"


TRANSITIONS: Mapping[tuple[Status, Action], Status] = {
    (Status.INCOMPLETE, Action.ACTIVATE): Status.ACTIVE,
    (Status.INCOMPLETE, Action.EXPIRE): Status.INCOMPLETE_EXPIRED,
    (Status.INCOMPLETE, Action.CANCEL_AT_PERIOD_END): Status.CANCELED,
    (Status.INCOMPLETE, Action.CANCEL_NOW): Status.CANCELED,
    (Status.ACTIVE, Action.CANCEL_AT_PERIOD_END): Status.ACTIVE,
    (Status.ACTIVE, Action.CANCEL_NOW): Status.CANCELED,
    (Status.ACTIVE, Action.UNCANCEL): Status.ACTIVE,
    (Status.ACTIVE, Action.END_PERIOD): Status.CANCELED,
    (Status.CANCELED, Action.CANCEL_AT_PERIOD_END): Status.CANCELED,
    (Status.CANCELED, Action.CANCEL_NOW): Status.CANCELED,
}

REFUSALS: Mapping[Action, RefusalCode] = {
    Action.ACTIVATE: RefusalCode.SUBSCRIPTION_ENDED,
    Action.EXPIRE: RefusalCode.SUBSCRIPTION_ENDED,
    Action.CANCEL_AT_PERIOD_END: RefusalCode.SUBSCRIPTION_ENDED,
    Action.CANCEL_NOW: RefusalCode.SUBSCRIPTION_ENDED,
    Action.UNCANCEL: RefusalCode.NOT_CANCELING,
    Action.END_PERIOD: RefusalCode.SUBSCRIPTION_ENDED,
}


@dataclass(frozen=True)
class Change:
    """A decision, not yet persisted: the next state and what the timeline says of it."""

    state: SubscriptionState
    event: Event
    voids_invoice_id: int | None = None


def next_status(status: Status, action: Action) -> Status:
    """Raises `Refused` when the action is not possible in this status."""
    try:
        return TRANSITIONS[status, action]
    except KeyError:
        raise Refused(REFUSALS[action], f"{action} is not possible while {status}") from None


def activate(state: SubscriptionState) -> Change:
    """The first invoice was paid. The period stays the one that began with the start."""
    status = next_status(state.status, Action.ACTIVATE)
    return _change(replace(state, status=status, open_invoice_id=None), Event.ACTIVATED)


def expire(state: SubscriptionState, at: datetime) -> Change:
    """An unpaid start is given up: too old, or superseded by a new start of the same user."""
    status = next_status(state.status, Action.EXPIRE)
    return _end(state, status, Event.EXPIRED, at)


def cancel(state: SubscriptionState, *, at_period_end: bool, at: datetime) -> Change | None:
    """Cancels now or at the period's end; `None` when it is already so (twice is once).

    What was never paid is canceled at once, whatever was asked: it has no period to run to its end.
    """
    action = Action.CANCEL_AT_PERIOD_END if at_period_end else Action.CANCEL_NOW
    status = next_status(state.status, action)
    if state.has_ended or (at_period_end and state.cancel_at_period_end):
        return None
    if status is Status.CANCELED:
        return _end(replace(state, canceled_at=state.canceled_at or at), status, Event.CANCELED, at)
    return _change(replace(state, cancel_at_period_end=True, canceled_at=at), Event.CANCEL_SCHEDULED)


def uncancel(state: SubscriptionState) -> Change:
    """Takes a scheduled cancellation back. Raises `Refused` when none is scheduled."""
    next_status(state.status, Action.UNCANCEL)
    if not state.cancel_at_period_end:
        raise Refused(RefusalCode.NOT_CANCELING, "no cancellation is scheduled")
    return _change(replace(state, cancel_at_period_end=False, canceled_at=None), Event.CANCEL_WITHDRAWN)


def end_period(state: SubscriptionState) -> Change:
    """The paid period is over. It ends at its nominal end, however late we are."""
    status = next_status(state.status, Action.END_PERIOD)
    return _end(state, status, Event.ENDED, state.period.end)


def _end(state: SubscriptionState, status: Status, event: Event, at: datetime) -> Change:
    ended = replace(state, status=status, open_invoice_id=None, cancel_at_period_end=False, ended_at=at)
    return _change(ended, event, voids_invoice_id=state.open_invoice_id)


def _change(state: SubscriptionState, event: Event, voids_invoice_id: int | None = None) -> Change:
    return Change(replace(state, version=state.version + 1), event, voids_invoice_id)
