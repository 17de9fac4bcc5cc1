"""What a due date changes by itself, without money being asked for. Dates stay nominal."""

from datetime import datetime

from domain import ending, pausing, renewing
from domain.due import NextStep, Step, final_step, next_step
from domain.lifecycle import Change
from domain.subscription import SubscriptionState


def change_due(state: SubscriptionState, now: datetime) -> Change | None:
    """`None` when nothing is due, or when it takes a provider or a new invoice."""
    upcoming = next_step(state)
    if upcoming is None or upcoming.at > now:
        return None
    if upcoming.step is Step.REMIND_UNPAID:
        return _remind_or_finish(state, now)
    return _nominal_change(state, upcoming)


def _remind_or_finish(state: SubscriptionState, now: datetime) -> Change | None:
    """Whoever comes after the policy's last day does not remind first."""
    final = final_step(state, state.dunning_case.last_at)
    return renewing.remind_unpaid(state, now) if now < final.at else _nominal_change(state, final)


def _nominal_change(  # noqa: PLR0911 - one for each step
    state: SubscriptionState, upcoming: NextStep
) -> Change | None:
    match upcoming.step:
        case Step.EXPIRE:
            return ending.expire(state, upcoming.at)
        case Step.END_PERIOD:
            return ending.end_period(state)
        case Step.BEGIN_PAID_PERIOD:
            return renewing.begin_paid_period(state)
        case Step.FALL_DUE:
            return renewing.fall_due(state, upcoming.at)
        case Step.CANCEL_UNCOLLECTED:
            return ending.give_up(state, upcoming.at)
        case Step.LEAVE_UNPAID:
            return renewing.leave_unpaid(state)
        case Step.UNFREEZE:
            return pausing.unfreeze(state, upcoming.at)
        case _:
            return None
