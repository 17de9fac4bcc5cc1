"""The announcement of a renewal: whatever moves the renewal or drops it."""

from dataclasses import dataclass
from datetime import datetime

from domain import renewing
from domain.subscription import Status, SubscriptionState


@dataclass(frozen=True)
class Reminder:
    """To be sent at `due_at`: the subscription renews at `renews_at`."""

    due_at: datetime
    renews_at: datetime


def next_reminder(state: SubscriptionState) -> Reminder | None:
    """`None` when no renewal is coming."""
    if state.status not in {Status.TRIALING, Status.ACTIVE} or state.cancel_at_period_end:
        return None
    return Reminder(renewing.reminder_at(state), state.paid_until)
