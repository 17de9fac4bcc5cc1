"""What may happen to a subscription in each status: one table, and what a change is.

Every status × action is listed in `TRANSITIONS` or refused with the code in `REFUSALS`. The changes
themselves are in `starting`, `renewing`, `paying`, `awaiting`, `changing`, `scheduling`, `parking`,
`pausing`, `family` and `ending`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.billing_calendar import Period
from domain.refusals import RefusalCode, Refused
from domain.subscription import Status, SubscriptionState


class Action(StrEnum):
    PAY = "pay"
    PAY_AHEAD = "pay_ahead"
    EXPIRE = "expire"
    OPEN_RENEWAL = "open_renewal"
    BEGIN_PAID_PERIOD = "begin_paid_period"
    FALL_DUE = "fall_due"
    REMIND_UNPAID = "remind_unpaid"
    CANCEL_UNCOLLECTED = "cancel_uncollected"
    LEAVE_UNPAID = "leave_unpaid"
    PAY_NOW = "pay_now"
    SET_PAYMENT_METHOD = "set_payment_method"
    CHANGE_PLAN = "change_plan"
    REDEEM_GIFT = "redeem_gift"
    SCHEDULE_PRICE = "schedule_price"
    CANCEL_AT_PERIOD_END = "cancel_at_period_end"
    CANCEL_NOW = "cancel_now"
    UNCANCEL = "uncancel"
    WITHDRAW = "withdraw"
    END_PERIOD = "end_period"
    FREEZE = "freeze"
    UNFREEZE = "unfreeze"
    TRANSFER = "transfer"
    PARK = "park"
    UNPARK = "unpark"


class Event(StrEnum):
    """What the timeline calls it."""

    OPENED = "opened"
    TRIAL_STARTED = "trial_started"
    ACTIVATED = "activated"
    RENEWAL_OPENED = "renewal_opened"
    RENEWAL_PAID_AHEAD = "renewal_paid_ahead"
    RENEWED = "renewed"
    PERIOD_BEGUN = "period_begun"
    FELL_DUE = "fell_due"
    PAYMENT_RETRIED = "payment_retried"
    PAYMENT_REMINDED = "payment_reminded"
    RECOVERED = "recovered"
    UNCOLLECTED = "uncollected"
    LEFT_UNPAID = "left_unpaid"
    REACTIVATED = "reactivated"
    PAYMENT_REQUESTED = "payment_requested"
    PAYMENT_PENDING = "payment_pending"
    PAYMENT_DECLINED = "payment_declined"
    PAYMENT_UNKNOWN = "payment_unknown"
    PAYMENT_GIVEN_UP = "payment_given_up"
    PAYMENT_PARKED = "payment_parked"
    PAYMENT_OVERPAID = "payment_overpaid"
    PAID_TWICE = "paid_twice"
    LATE_PAYMENT_RECEIVED = "late_payment_received"
    CHARGE_STOOD = "charge_stood"
    REFUND_OPENED = "refund_opened"
    REFUNDED = "refunded"
    REFUND_FAILED = "refund_failed"
    PAYMENT_METHOD_SET = "payment_method_set"
    PLAN_CHANGE_SCHEDULED = "plan_change_scheduled"
    PLAN_CHANGE_TAKEN_BACK = "plan_change_taken_back"
    PLAN_CHANGE_OPENED = "plan_change_opened"
    PLAN_CHANGED = "plan_changed"
    PLAN_CHANGE_DECLINED = "plan_change_declined"
    PLAN_CHANGE_EXPIRED = "plan_change_expired"
    PRICE_CHANGE_SCHEDULED = "price_change_scheduled"
    INVOICE_DROPPED = "invoice_dropped"
    GIFT_REDEEMED = "gift_redeemed"
    CHARGED_BACK = "charged_back"
    MEMBER_INVITED = "member_invited"
    INVITATION_TAKEN_BACK = "invitation_taken_back"
    MEMBER_JOINED = "member_joined"
    MEMBER_LEFT = "member_left"
    MEMBER_REMOVED = "member_removed"
    TRANSFERRED = "transferred"
    FROZEN = "frozen"
    UNFROZEN = "unfrozen"
    EXPIRED = "expired"
    CANCEL_SCHEDULED = "cancel_scheduled"
    CANCEL_WITHDRAWN = "cancel_withdrawn"
    CANCELED = "canceled"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"
    PARKED = "parked"
    UNPARKED = "unparked"


TRANSITIONS: Mapping[tuple[Status, Action], Status] = {
    (Status.INCOMPLETE, Action.PAY): Status.ACTIVE,
    (Status.INCOMPLETE, Action.EXPIRE): Status.INCOMPLETE_EXPIRED,
    (Status.INCOMPLETE, Action.PAY_NOW): Status.INCOMPLETE,
    (Status.INCOMPLETE, Action.SET_PAYMENT_METHOD): Status.INCOMPLETE,
    (Status.INCOMPLETE, Action.REDEEM_GIFT): Status.INCOMPLETE,
    (Status.INCOMPLETE, Action.CANCEL_AT_PERIOD_END): Status.CANCELED,
    (Status.INCOMPLETE, Action.CANCEL_NOW): Status.CANCELED,
    (Status.INCOMPLETE, Action.WITHDRAW): Status.CANCELED,
    (Status.INCOMPLETE, Action.PARK): Status.INCOMPLETE,
    (Status.INCOMPLETE, Action.UNPARK): Status.INCOMPLETE,
    (Status.TRIALING, Action.PAY): Status.ACTIVE,
    (Status.TRIALING, Action.PAY_AHEAD): Status.TRIALING,
    (Status.TRIALING, Action.OPEN_RENEWAL): Status.TRIALING,
    (Status.TRIALING, Action.BEGIN_PAID_PERIOD): Status.ACTIVE,
    (Status.TRIALING, Action.FALL_DUE): Status.PAST_DUE,
    (Status.TRIALING, Action.PAY_NOW): Status.TRIALING,
    (Status.TRIALING, Action.SET_PAYMENT_METHOD): Status.TRIALING,
    (Status.TRIALING, Action.REDEEM_GIFT): Status.TRIALING,
    (Status.TRIALING, Action.CHANGE_PLAN): Status.TRIALING,
    (Status.TRIALING, Action.SCHEDULE_PRICE): Status.TRIALING,
    (Status.TRIALING, Action.CANCEL_AT_PERIOD_END): Status.TRIALING,
    (Status.TRIALING, Action.CANCEL_NOW): Status.CANCELED,
    (Status.TRIALING, Action.UNCANCEL): Status.TRIALING,
    (Status.TRIALING, Action.WITHDRAW): Status.CANCELED,
    (Status.TRIALING, Action.END_PERIOD): Status.CANCELED,
    (Status.TRIALING, Action.TRANSFER): Status.TRIALING,
    (Status.TRIALING, Action.PARK): Status.TRIALING,
    (Status.TRIALING, Action.UNPARK): Status.TRIALING,
    (Status.ACTIVE, Action.PAY): Status.ACTIVE,
    (Status.ACTIVE, Action.PAY_AHEAD): Status.ACTIVE,
    (Status.ACTIVE, Action.OPEN_RENEWAL): Status.ACTIVE,
    (Status.ACTIVE, Action.BEGIN_PAID_PERIOD): Status.ACTIVE,
    (Status.ACTIVE, Action.FALL_DUE): Status.PAST_DUE,
    (Status.ACTIVE, Action.PAY_NOW): Status.ACTIVE,
    (Status.ACTIVE, Action.SET_PAYMENT_METHOD): Status.ACTIVE,
    (Status.ACTIVE, Action.REDEEM_GIFT): Status.ACTIVE,
    (Status.ACTIVE, Action.CHANGE_PLAN): Status.ACTIVE,
    (Status.ACTIVE, Action.SCHEDULE_PRICE): Status.ACTIVE,
    (Status.ACTIVE, Action.CANCEL_AT_PERIOD_END): Status.ACTIVE,
    (Status.ACTIVE, Action.CANCEL_NOW): Status.CANCELED,
    (Status.ACTIVE, Action.UNCANCEL): Status.ACTIVE,
    (Status.ACTIVE, Action.WITHDRAW): Status.CANCELED,
    (Status.ACTIVE, Action.END_PERIOD): Status.CANCELED,
    (Status.ACTIVE, Action.FREEZE): Status.FROZEN,
    (Status.ACTIVE, Action.TRANSFER): Status.ACTIVE,
    (Status.ACTIVE, Action.PARK): Status.ACTIVE,
    (Status.ACTIVE, Action.UNPARK): Status.ACTIVE,
    (Status.PAST_DUE, Action.PAY): Status.ACTIVE,
    (Status.PAST_DUE, Action.REMIND_UNPAID): Status.PAST_DUE,
    (Status.PAST_DUE, Action.CANCEL_UNCOLLECTED): Status.CANCELED,
    (Status.PAST_DUE, Action.LEAVE_UNPAID): Status.UNPAID,
    (Status.PAST_DUE, Action.PAY_NOW): Status.PAST_DUE,
    (Status.PAST_DUE, Action.SET_PAYMENT_METHOD): Status.PAST_DUE,
    (Status.PAST_DUE, Action.REDEEM_GIFT): Status.PAST_DUE,
    (Status.PAST_DUE, Action.CANCEL_AT_PERIOD_END): Status.CANCELED,
    (Status.PAST_DUE, Action.CANCEL_NOW): Status.CANCELED,
    (Status.PAST_DUE, Action.WITHDRAW): Status.CANCELED,
    (Status.PAST_DUE, Action.PARK): Status.PAST_DUE,
    (Status.PAST_DUE, Action.UNPARK): Status.PAST_DUE,
    (Status.FROZEN, Action.SET_PAYMENT_METHOD): Status.FROZEN,
    (Status.FROZEN, Action.REDEEM_GIFT): Status.FROZEN,
    (Status.FROZEN, Action.SCHEDULE_PRICE): Status.FROZEN,
    (Status.FROZEN, Action.CANCEL_AT_PERIOD_END): Status.FROZEN,
    (Status.FROZEN, Action.CANCEL_NOW): Status.CANCELED,
    (Status.FROZEN, Action.UNCANCEL): Status.FROZEN,
    (Status.FROZEN, Action.WITHDRAW): Status.CANCELED,
    (Status.FROZEN, Action.UNFREEZE): Status.ACTIVE,
    (Status.FROZEN, Action.TRANSFER): Status.FROZEN,
    (Status.FROZEN, Action.PARK): Status.FROZEN,
    (Status.FROZEN, Action.UNPARK): Status.FROZEN,
    (Status.UNPAID, Action.PAY): Status.ACTIVE,
    (Status.UNPAID, Action.PAY_NOW): Status.UNPAID,
    (Status.UNPAID, Action.SET_PAYMENT_METHOD): Status.UNPAID,
    (Status.UNPAID, Action.REDEEM_GIFT): Status.UNPAID,
    (Status.UNPAID, Action.CANCEL_AT_PERIOD_END): Status.CANCELED,
    (Status.UNPAID, Action.CANCEL_NOW): Status.CANCELED,
    (Status.UNPAID, Action.WITHDRAW): Status.CANCELED,
    (Status.UNPAID, Action.PARK): Status.UNPAID,
    (Status.UNPAID, Action.UNPARK): Status.UNPAID,
    (Status.CANCELED, Action.CANCEL_AT_PERIOD_END): Status.CANCELED,
    (Status.CANCELED, Action.CANCEL_NOW): Status.CANCELED,
    (Status.CANCELED, Action.PARK): Status.CANCELED,
    (Status.CANCELED, Action.UNPARK): Status.CANCELED,
}

REFUSALS: Mapping[Action, RefusalCode] = {
    Action.PAY: RefusalCode.SUBSCRIPTION_ENDED,
    Action.PAY_AHEAD: RefusalCode.SUBSCRIPTION_ENDED,
    Action.EXPIRE: RefusalCode.SUBSCRIPTION_ENDED,
    Action.OPEN_RENEWAL: RefusalCode.SUBSCRIPTION_ENDED,
    Action.BEGIN_PAID_PERIOD: RefusalCode.SUBSCRIPTION_ENDED,
    Action.FALL_DUE: RefusalCode.SUBSCRIPTION_ENDED,
    Action.REMIND_UNPAID: RefusalCode.SUBSCRIPTION_ENDED,
    Action.CANCEL_UNCOLLECTED: RefusalCode.SUBSCRIPTION_ENDED,
    Action.LEAVE_UNPAID: RefusalCode.SUBSCRIPTION_ENDED,
    Action.PAY_NOW: RefusalCode.INVOICE_NOT_PAYABLE,
    Action.SET_PAYMENT_METHOD: RefusalCode.SUBSCRIPTION_ENDED,
    Action.CHANGE_PLAN: RefusalCode.PLAN_CHANGE_NOT_POSSIBLE,
    Action.REDEEM_GIFT: RefusalCode.SUBSCRIPTION_ENDED,
    Action.SCHEDULE_PRICE: RefusalCode.PLAN_CHANGE_NOT_POSSIBLE,
    Action.CANCEL_AT_PERIOD_END: RefusalCode.SUBSCRIPTION_ENDED,
    Action.CANCEL_NOW: RefusalCode.SUBSCRIPTION_ENDED,
    Action.UNCANCEL: RefusalCode.NOT_CANCELING,
    Action.WITHDRAW: RefusalCode.SUBSCRIPTION_ENDED,
    Action.END_PERIOD: RefusalCode.SUBSCRIPTION_ENDED,
    Action.FREEZE: RefusalCode.FREEZE_ONLY_FROM_ACTIVE,
    Action.UNFREEZE: RefusalCode.NOT_FROZEN,
    Action.TRANSFER: RefusalCode.TRANSFER_NOT_POSSIBLE,
    Action.PARK: RefusalCode.SUBSCRIPTION_ENDED,
    Action.UNPARK: RefusalCode.NOT_PARKED,
}

ACTIONS_IN_WORDS: Mapping[Action, str] = {
    Action.PAY: "a payment",
    Action.PAY_AHEAD: "a payment ahead",
    Action.EXPIRE: "giving up an unpaid start",
    Action.OPEN_RENEWAL: "a renewal",
    Action.BEGIN_PAID_PERIOD: "the beginning of the next period",
    Action.FALL_DUE: "falling past due",
    Action.REMIND_UNPAID: "a payment reminder",
    Action.CANCEL_UNCOLLECTED: "an end for want of payment",
    Action.LEAVE_UNPAID: "leaving the invoice unpaid",
    Action.PAY_NOW: "a payment",
    Action.SET_PAYMENT_METHOD: "choosing a payment method",
    Action.CHANGE_PLAN: "a change of plan",
    Action.REDEEM_GIFT: "redeeming a gift card",
    Action.SCHEDULE_PRICE: "a change of price",
    Action.CANCEL_AT_PERIOD_END: "a cancellation",
    Action.CANCEL_NOW: "a cancellation",
    Action.UNCANCEL: "taking a cancellation back",
    Action.WITHDRAW: "a withdrawal",
    Action.END_PERIOD: "an end with the period",
    Action.FREEZE: "a freeze",
    Action.UNFREEZE: "unfreezing",
    Action.TRANSFER: "a transfer",
    Action.PARK: "parking",
    Action.UNPARK: "unparking",
}

STATUSES_IN_WORDS: Mapping[Status, str] = {
    Status.INCOMPLETE: "before the first payment",
    Status.INCOMPLETE_EXPIRED: "after the start was given up unpaid",
    Status.TRIALING: "during the trial",
    Status.ACTIVE: "while the subscription is active",
    Status.PAST_DUE: "while a payment is past due",
    Status.FROZEN: "while the subscription is frozen",
    Status.UNPAID: "while an invoice is left unpaid",
    Status.CANCELED: "after the subscription has ended",
}
"""What people read of a refusal; the codes are for programs."""


@dataclass(frozen=True)
class Stretch:
    """Paid time that is not over at `since` moves later: what has begun ends later, the rest moves whole.

    It moves by as long as it is from `since` to `until`: instants, since a length does not travel as JSON.
    """

    since: datetime
    until: datetime

    @property
    def by(self) -> timedelta:
        return self.until - self.since


@dataclass(frozen=True)
class Change:
    """A decision, not yet persisted: the next state, what the timeline says of it, and what goes with it.

    `voids_invoice_id` is no longer owed, `writes_off_invoice_id` is given up as uncollectible.
    `unknown_payment_id` got no answer, `replaced_payment_id` is no longer waited for. `pays_for` is the time
    that was paid for; at `cuts_at` what was paid for before it ends. `refunds_all` gives back what was paid,
    by the rule for withdrawals. `details` are ids, dates and amounts.
    """

    state: SubscriptionState
    event: Event
    voids_invoice_id: int | None = None
    writes_off_invoice_id: int | None = None
    unknown_payment_id: int | None = None
    replaced_payment_id: int | None = None
    pays_for: Period | None = None
    cuts_at: datetime | None = None
    stretch: Stretch | None = None
    refunds_all: bool = False
    details: dict[str, int | str] = field(default_factory=dict)


def next_status(status: Status, action: Action) -> Status:
    """Raises `Refused` when the action is not possible in this status."""
    try:
        return TRANSITIONS[status, action]
    except KeyError:
        raise not_possible(status, action) from None


def not_possible(status: Status, action: Action) -> Refused:
    words = f"{ACTIONS_IN_WORDS[action]} is not possible {STATUSES_IN_WORDS[status]}"
    return Refused(REFUSALS[action], words)


def next_version(state: SubscriptionState) -> SubscriptionState:
    return replace(state, version=state.version + 1)
