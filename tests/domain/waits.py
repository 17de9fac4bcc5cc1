"""What each state waits for, and when: written out."""

from dataclasses import replace
from datetime import datetime, timedelta

from domain.billing_calendar import Period
from domain.collecting import AttemptStage
from domain.due import Step
from domain.subscription import SubscriptionState
from tests.domain.states import (
    ACTIVE,
    AFTER_TRIAL,
    CANCELED,
    CANCELING,
    CARD,
    CASE,
    CHANGING,
    CHARGING,
    CONFIRMING,
    DAY,
    ENDED_WHILE_CHARGING,
    FREEZE,
    FROZEN,
    IN_THE_PERIOD,
    INCOMPLETE,
    KEEPING,
    OPENED_AHEAD,
    PAID_AHEAD,
    PAST_DUE,
    PAST_DUE_BY_HAND,
    PAYMENT,
    PERIOD,
    REMINDED_AT,
    RENEWING,
    SCHEDULED,
    SECOND_PERIOD,
    STARTED_AT,
    STORED,
    TRIAL,
    TRIALING,
    UNKNOWN,
    attempt,
    invoice,
    refusing,
    trying,
)

EXPIRES_AT = STARTED_AT + timedelta(hours=23)
HARD = replace(PAST_DUE, dunning=replace(CASE, waits_for_new_method=True))
LAST_DAY = PERIOD.end + 21 * DAY
OPENED_LATE_AT = PERIOD.end + 5 * DAY


def confirming_at_start(look_ups: int) -> SubscriptionState:
    return trying(
        INCOMPLETE, attempt(AttemptStage.PENDING, CARD, since=STARTED_AT + DAY / 2, look_ups=look_ups)
    )


def in_dunning(state: SubscriptionState, retries_made: int, last_attempt_at: datetime) -> SubscriptionState:
    return replace(
        state, dunning=replace(state.dunning_case, retries_made=retries_made, last_attempt_at=last_attempt_at)
    )


def keeping(state: SubscriptionState) -> SubscriptionState:
    return replace(state, dunning=replace(state.dunning_case, policy=KEEPING))


def changing_at(at: datetime) -> SubscriptionState:
    invoice = replace(CHANGING.unpaid_invoice, period=Period(at, PERIOD.end), changed_at=at)
    return replace(CHANGING, open_invoice=invoice)


WAITS_FOR: dict[str, tuple[SubscriptionState, Step, datetime]] = {
    "an unpaid start": (INCOMPLETE, Step.EXPIRE, EXPIRES_AT),
    "a start to be charged": (
        trying(INCOMPLETE, attempt(AttemptStage.DUE, CARD, since=STARTED_AT)),
        Step.COLLECT,
        STARTED_AT,
    ),
    "a start without an answer": (
        trying(INCOMPLETE, attempt(AttemptStage.UNKNOWN, CARD, since=STARTED_AT, look_ups=11)),
        Step.LOOK_UP_PAYMENT,
        STARTED_AT + timedelta(hours=17, minutes=4),
    ),
    "a start to be confirmed": (
        confirming_at_start(0),
        Step.LOOK_UP_PAYMENT,
        STARTED_AT + timedelta(hours=13),
    ),
    "a start that nobody came back to confirm": (confirming_at_start(1), Step.EXPIRE, EXPIRES_AT),
    "a declined start": (trying(INCOMPLETE, None), Step.EXPIRE, EXPIRES_AT),
    "a trial": (TRIALING, Step.OPEN_RENEWAL, TRIAL.end - 3 * DAY),
    "a trial with a card": (replace(TRIALING, payment_method_id=CARD), Step.RENEW, TRIAL.end),
    "a trial opened ahead": (
        replace(TRIALING, open_invoice=invoice(attempt(), index=0, period=AFTER_TRIAL)),
        Step.FALL_DUE,
        REMINDED_AT,
    ),
    "a period": (ACTIVE, Step.OPEN_RENEWAL, REMINDED_AT),
    "a period with a card": (STORED, Step.RENEW, PERIOD.end),
    "a period that is the last": (CANCELING, Step.END_PERIOD, PERIOD.end),
    "a last period with a card": (
        replace(CANCELING, payment_method_id=CARD),
        Step.END_PERIOD,
        PERIOD.end,
    ),
    "an invoice for a person": (OPENED_AHEAD, Step.FALL_DUE, PERIOD.end),
    "an invoice that a person could not pay": (trying(OPENED_AHEAD, None), Step.FALL_DUE, PERIOD.end),
    "an invoice that was opened after its boundary": (
        trying(OPENED_AHEAD, attempt(since=OPENED_LATE_AT)),
        Step.FALL_DUE,
        OPENED_LATE_AT,
    ),
    "an invoice that waits for the boundary and a card": (
        replace(OPENED_AHEAD, payment_method_id=CARD),
        Step.CHARGE_METHOD,
        PERIOD.end,
    ),
    "an invoice whose card was declined for good": (
        refusing(replace(OPENED_AHEAD, payment_method_id=CARD), CARD),
        Step.FALL_DUE,
        PERIOD.end,
    ),
    "an invoice that was canceled too late": (
        replace(trying(CHARGING, None), cancel_at_period_end=True),
        Step.END_PERIOD,
        PERIOD.end,
    ),
    "a period paid ahead": (PAID_AHEAD, Step.BEGIN_PAID_PERIOD, PERIOD.end),
    "a last period paid ahead": (
        replace(PAID_AHEAD, cancel_at_period_end=True),
        Step.BEGIN_PAID_PERIOD,
        PERIOD.end,
    ),
    "a charge": (RENEWING, Step.COLLECT, PERIOD.end),
    "a charge that was cut off": (CHARGING, Step.COLLECT, PERIOD.end),
    "a charge without an answer": (UNKNOWN, Step.LOOK_UP_PAYMENT, PERIOD.end + timedelta(seconds=30)),
    "a charge to be confirmed": (CONFIRMING, Step.LOOK_UP_PAYMENT, PERIOD.end + timedelta(hours=1)),
    "a retry": (PAST_DUE, Step.RETRY_PAYMENT, PERIOD.end + 2 * DAY),
    "a retry, a day after a charge by hand": (
        in_dunning(PAST_DUE, 0, PERIOD.end + 1.5 * DAY),
        Step.RETRY_PAYMENT,
        PERIOD.end + 2.5 * DAY,
    ),
    "a retry that is under way": (
        trying(PAST_DUE, attempt(AttemptStage.UNKNOWN, CARD, since=LAST_DAY)),
        Step.LOOK_UP_PAYMENT,
        LAST_DAY + timedelta(seconds=30),
    ),
    "the last retry": (
        in_dunning(PAST_DUE, 3, PERIOD.end + 14 * DAY),
        Step.RETRY_PAYMENT,
        LAST_DAY,
    ),
    "the end of retries": (in_dunning(PAST_DUE, 4, LAST_DAY), Step.CANCEL_UNCOLLECTED, LAST_DAY),
    "the end of retries, kept": (
        keeping(in_dunning(PAST_DUE, 4, LAST_DAY)),
        Step.LEAVE_UNPAID,
        LAST_DAY,
    ),
    "a reminder": (PAST_DUE_BY_HAND, Step.REMIND_UNPAID, PERIOD.end + 2 * DAY),
    "a reminder of a card declined for good": (HARD, Step.REMIND_UNPAID, PERIOD.end + 2 * DAY),
    "the last day, without a card": (
        in_dunning(PAST_DUE_BY_HAND, 3, PERIOD.end + 14 * DAY),
        Step.CANCEL_UNCOLLECTED,
        LAST_DAY,
    ),
    "the last day, kept": (
        keeping(in_dunning(HARD, 3, PERIOD.end + 14 * DAY)),
        Step.LEAVE_UNPAID,
        LAST_DAY,
    ),
    "a retry that would come after the period": (
        in_dunning(PAST_DUE, 3, SECOND_PERIOD.end - DAY / 2),
        Step.CANCEL_UNCOLLECTED,
        SECOND_PERIOD.end,
    ),
    "a retry that would come just when the period is over": (
        in_dunning(PAST_DUE, 3, SECOND_PERIOD.end - DAY),
        Step.CANCEL_UNCOLLECTED,
        SECOND_PERIOD.end,
    ),
    "a change of plan": (CHANGING, Step.DROP_CHANGE, IN_THE_PERIOD + timedelta(hours=23)),
    "a change of plan shortly before the period's end": (
        changing_at(PERIOD.end - timedelta(hours=1)),
        Step.DROP_CHANGE,
        PERIOD.end,
    ),
    "a change of plan to be charged": (
        trying(CHANGING, attempt(AttemptStage.DUE, CARD, since=IN_THE_PERIOD)),
        Step.COLLECT,
        IN_THE_PERIOD,
    ),
    "a change of plan that is charged": (
        trying(CHANGING, attempt(AttemptStage.UNKNOWN, CARD, since=IN_THE_PERIOD)),
        Step.LOOK_UP_PAYMENT,
        IN_THE_PERIOD + timedelta(seconds=30),
    ),
    "a change of plan to be confirmed": (
        trying(CHANGING, attempt(AttemptStage.PENDING, CARD, since=IN_THE_PERIOD)),
        Step.LOOK_UP_PAYMENT,
        IN_THE_PERIOD + timedelta(hours=1),
    ),
    "a change of plan that nobody came back to confirm": (
        trying(CHANGING, attempt(AttemptStage.PENDING, CARD, since=IN_THE_PERIOD, look_ups=1)),
        Step.DROP_CHANGE,
        IN_THE_PERIOD + timedelta(hours=23),
    ),
    "a period with another plan to come": (SCHEDULED, Step.OPEN_RENEWAL, REMINDED_AT),
    "a thaw": (FROZEN, Step.UNFREEZE, FREEZE.until),
    "a payment that nobody needs": (
        replace(OPENED_AHEAD, withdrawing_payment_id=PAYMENT),
        Step.WITHDRAW_PAYMENT,
        STARTED_AT,
    ),
    "a payment that nobody needs after the end": (
        replace(CANCELED, withdrawing_payment_id=PAYMENT),
        Step.WITHDRAW_PAYMENT,
        IN_THE_PERIOD,
    ),
    "what became of a charge after the end": (ENDED_WHILE_CHARGING, Step.COLLECT, PERIOD.end),
}
