"""What a due date changes by itself, without money being asked for. Dates stay nominal."""

from datetime import datetime

from domain import changing, ending, pausing, renewing
from domain.due import Step, due_by
from domain.lifecycle import Change
from domain.subscription import SubscriptionState


def change_due(  # noqa: C901, PLR0911 - one for each step
    state: SubscriptionState, now: datetime
) -> Change | None:
    """`None` when nothing is due, or when it takes a provider or a new invoice."""
    due = due_by(state, now)
    if due is None:
        return None
    match due.step:
        case Step.EXPIRE:
            return ending.expire(state, due.at)
        case Step.END_PERIOD:
            return ending.end_period(state)
        case Step.BEGIN_PAID_PERIOD:
            return renewing.begin_paid_period(state)
        case Step.FALL_DUE:
            return renewing.fall_due(state, due.at)
        case Step.REMIND_UNPAID:
            return renewing.remind_unpaid(state, now)
        case Step.CANCEL_UNCOLLECTED:
            return ending.give_up(state, due.at)
        case Step.LEAVE_UNPAID:
            return renewing.leave_unpaid(state)
        case Step.DROP_CHANGE:
            return changing.expire(state)
        case Step.UNFREEZE:
            return pausing.unfreeze(state, due.at)
        case _:
            return None
