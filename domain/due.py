"""What a subscription does next, and when. Times are the workflow's; late is right."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain import changing, renewing
from domain.dunning import DunningCase, FinalAction
from domain.subscription import Status, SubscriptionState


class Step(StrEnum):
    EXPIRE = "expire"
    OPEN_RENEWAL = "open_renewal"
    RENEW = "renew"
    COLLECT = "collect"
    CHARGE_METHOD = "charge_method"
    LOOK_UP_PAYMENT = "look_up_payment"
    WITHDRAW_PAYMENT = "withdraw_payment"
    BEGIN_PAID_PERIOD = "begin_paid_period"
    FALL_DUE = "fall_due"
    RETRY_PAYMENT = "retry_payment"
    REMIND_UNPAID = "remind_unpaid"
    CANCEL_UNCOLLECTED = "cancel_uncollected"
    LEAVE_UNPAID = "leave_unpaid"
    UNFREEZE = "unfreeze"
    END_PERIOD = "end_period"
    DROP_CHANGE = "drop_change"


BEFORE_COMMANDS = frozenset(
    {
        Step.EXPIRE,
        Step.BEGIN_PAID_PERIOD,
        Step.FALL_DUE,
        Step.CANCEL_UNCOLLECTED,
        Step.LEAVE_UNPAID,
        Step.UNFREEZE,
        Step.END_PERIOD,
        Step.DROP_CHANGE,
    }
)
"""What is due comes before a command, however late we are. Billing does not: until money was asked for, a
cancellation still wins."""


@dataclass(frozen=True)
class NextStep:
    step: Step
    at: datetime


def next_step(state: SubscriptionState) -> NextStep | None:
    """The next thing that time alone brings; `None` when there is none: ended, unpaid, or parked."""
    if state.parked_reason is not None:
        return None
    if state.withdrawing_payment_id is not None:
        return NextStep(Step.WITHDRAW_PAYMENT, state.ended_at or state.period.start)
    of_attempt = _step_of_attempt(state)
    if of_attempt is not None and _goes_first(state):
        return of_attempt
    of_status = _step_of_status(state)
    if of_attempt is None or of_status is None:
        return of_attempt or of_status
    return min(of_attempt, of_status, key=lambda upcoming: upcoming.at)


def pay_by(state: SubscriptionState) -> datetime | None:
    """Until when a person may pay the open invoice in time; `None` when it is charged, or nothing is due."""
    if state.attempt is None or state.attempt.method_id is not None:
        return None
    given_up = _step_of_status(state)
    return given_up.at if given_up else None


def due_by(state: SubscriptionState, now: datetime) -> NextStep | None:
    """The step that is due at `now`, if any. Late, it is what the dates say by now."""
    upcoming = next_step(state)
    if upcoming is None or upcoming.at > now:
        return None
    if upcoming.step in {Step.RETRY_PAYMENT, Step.REMIND_UNPAID}:
        return _unless_over(state, upcoming, now)
    if upcoming.step in {Step.COLLECT, Step.CHARGE_METHOD}:
        return _unless_given_up(state, upcoming, now)
    return upcoming


def step_due(state: SubscriptionState, now: datetime) -> Step | None:
    due = due_by(state, now)
    return due.step if due is not None else None


def _unless_over(state: SubscriptionState, upcoming: NextStep, now: datetime) -> NextStep:
    """Whoever comes too late does not remind first, and never charges for a period that has elapsed."""
    over_at = state.unpaid_invoice.period.end
    if upcoming.step is Step.REMIND_UNPAID:
        over_at = min(over_at, state.dunning_case.last_at)
    return _final_step(state, over_at) if over_at <= now else upcoming


def _unless_given_up(state: SubscriptionState, upcoming: NextStep, now: datetime) -> NextStep:
    """Whoever comes too late does not begin to charge for a start, or a period, that is over by then.

    What was left unpaid begins anew when it is paid: it asks for no period that could have elapsed.
    """
    if state.is_charging:
        return upcoming
    if state.status is Status.INCOMPLETE:
        return NextStep(Step.EXPIRE, state.expires_at) if state.expires_at <= now else upcoming
    if state.is_changing_plan:
        dropped_at = changing.waits_until(state)
        return NextStep(Step.DROP_CHANGE, dropped_at) if dropped_at <= now else upcoming
    if state.status is Status.UNPAID or now < state.unpaid_invoice.period.end:
        return upcoming
    if state.status is Status.PAST_DUE:
        return _final_step(state, now)
    return NextStep(Step.FALL_DUE, _payable_until(state))


def _step_of_attempt(state: SubscriptionState) -> NextStep | None:
    attempt = state.attempt
    if attempt is None:
        return None
    if attempt.is_to_be_charged:
        return NextStep(Step.COLLECT, attempt.since)
    return NextStep(Step.LOOK_UP_PAYMENT, attempt.look_up_at) if attempt.look_up_at else None


def _goes_first(state: SubscriptionState) -> bool:
    """While a payment is under way nothing else happens.

    Only an unpaid start or change is given up in time: its payer may never come back to confirm.
    """
    is_given_up_in_time = state.status is Status.INCOMPLETE or state.is_changing_plan
    return state.is_collecting or not is_given_up_in_time


def _step_of_status(state: SubscriptionState) -> NextStep | None:
    match state.status:
        case Status.INCOMPLETE:
            return NextStep(Step.EXPIRE, state.expires_at)
        case Status.TRIALING | Status.ACTIVE:
            return _at_the_boundary(state)
        case Status.PAST_DUE:
            return _in_dunning(state, state.dunning_case)
        case Status.FROZEN if state.freeze is not None:
            return NextStep(Step.UNFREEZE, state.freeze.thaws_at)
        case _:
            return None


def _at_the_boundary(state: SubscriptionState) -> NextStep:  # noqa: PLR0911 - one for each way to go on
    if state.is_changing_plan:
        return NextStep(Step.DROP_CHANGE, changing.waits_until(state))
    if state.paid_ahead is not None:
        return NextStep(Step.BEGIN_PAID_PERIOD, state.period.end)
    if state.cancel_at_period_end:
        return NextStep(Step.END_PERIOD, state.period.end)
    if state.open_invoice is not None:
        if renewing.is_method_charged(state):
            return NextStep(Step.CHARGE_METHOD, state.period.end)
        return NextStep(Step.FALL_DUE, _payable_until(state))
    if state.payment_method_id is not None:
        return NextStep(Step.RENEW, state.period.end)
    return NextStep(Step.OPEN_RENEWAL, renewing.reminder_at(state))


def _payable_until(state: SubscriptionState) -> datetime:
    """The boundary, unless we opened the invoice after it: nobody fails to pay what was not asked for."""
    asked_at = state.attempt.since if state.attempt else state.period.end
    return max(asked_at, state.period.end)


def _in_dunning(state: SubscriptionState, case: DunningCase) -> NextStep:
    """The policy's days; after the last one, or when the period in question has elapsed, its final action."""
    next_at = case.next_at
    if case.is_exhausted or next_at >= state.unpaid_invoice.period.end:
        return _final_step(state, next_at)
    if state.payment_method_id is not None and not case.waits_for_new_method:
        return NextStep(Step.RETRY_PAYMENT, next_at)
    if case.is_before_the_last_day:
        return NextStep(Step.REMIND_UNPAID, next_at)
    return _final_step(state, next_at)


def _final_step(state: SubscriptionState, at: datetime) -> NextStep:
    """How dunning ends: at the latest when the period in question is over."""
    is_cancel = state.dunning_case.policy.final_action is FinalAction.CANCEL
    step = Step.CANCEL_UNCOLLECTED if is_cancel else Step.LEAVE_UNPAID
    return NextStep(step, min(at, state.unpaid_invoice.period.end))
