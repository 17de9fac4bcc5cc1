"""Which entries of a subscription's timeline also go out as events, and what each of these says."""

from collections.abc import Mapping
from datetime import datetime

from domain.due import next_step
from domain.events import Details, EventName, OutgoingEvent
from domain.instant import rfc3339
from domain.lifecycle import Event
from domain.subscription import SubscriptionState

GOES_OUT_AS: Mapping[Event, EventName | None] = {
    Event.OPENED: EventName.SUBSCRIPTION_CREATED,
    Event.TRIAL_STARTED: EventName.SUBSCRIPTION_CREATED,
    Event.ACTIVATED: EventName.SUBSCRIPTION_ACTIVATED,
    Event.RENEWED: EventName.SUBSCRIPTION_RENEWED,
    Event.PERIOD_BEGUN: EventName.SUBSCRIPTION_RENEWED,
    Event.FELL_DUE: EventName.SUBSCRIPTION_PAST_DUE,
    Event.RECOVERED: EventName.SUBSCRIPTION_RECOVERED,
    Event.LEFT_UNPAID: EventName.SUBSCRIPTION_UNPAID,
    Event.REACTIVATED: EventName.SUBSCRIPTION_REACTIVATED,
    Event.FROZEN: EventName.SUBSCRIPTION_FROZEN,
    Event.UNFROZEN: EventName.SUBSCRIPTION_UNFROZEN,
    Event.CANCEL_SCHEDULED: EventName.SUBSCRIPTION_CANCEL_SCHEDULED,
    Event.CANCEL_WITHDRAWN: EventName.SUBSCRIPTION_UNCANCELED,
    Event.CANCELED: EventName.SUBSCRIPTION_CANCELED,
    Event.WITHDRAWN: EventName.SUBSCRIPTION_CANCELED,
    Event.ENDED: EventName.SUBSCRIPTION_CANCELED,
    Event.UNCOLLECTED: EventName.SUBSCRIPTION_CANCELED,
    Event.EXPIRED: EventName.SUBSCRIPTION_EXPIRED,
    Event.PLAN_CHANGE_SCHEDULED: EventName.PLAN_CHANGE_SCHEDULED,
    Event.PLAN_CHANGE_TAKEN_BACK: EventName.PLAN_CHANGE_TAKEN_BACK,
    Event.PLAN_CHANGED: EventName.PLAN_CHANGED,
    Event.TRANSFERRED: EventName.TRANSFERRED,
    Event.MEMBER_INVITED: EventName.MEMBER_INVITED,
    Event.INVITATION_TAKEN_BACK: EventName.INVITATION_TAKEN_BACK,
    Event.MEMBER_JOINED: EventName.MEMBER_JOINED,
    Event.MEMBER_LEFT: EventName.MEMBER_LEFT,
    Event.MEMBER_REMOVED: EventName.MEMBER_REMOVED,
    Event.PAYMENT_PENDING: EventName.PAYMENT_ACTION_REQUIRED,
    Event.CHARGED_BACK: EventName.PAYMENT_CHARGED_BACK,
    Event.REFUNDED: EventName.REFUND_SUCCEEDED,
    Event.REFUND_FAILED: EventName.REFUND_FAILED,
    # Told by events of their own, which know more.
    Event.PAYMENT_DECLINED: None,
    Event.PAYMENT_REMINDED: None,
    Event.PRICE_CHANGE_SCHEDULED: None,
    # Their invoice's events tell of them.
    Event.RENEWAL_OPENED: None,
    Event.RENEWAL_PAID_AHEAD: None,
    Event.PLAN_CHANGE_OPENED: None,
    Event.PLAN_CHANGE_DECLINED: None,
    Event.PLAN_CHANGE_EXPIRED: None,
    Event.INVOICE_DROPPED: None,
    Event.CHARGE_STOOD: None,
    # Steps on the way to something that is told.
    Event.PAYMENT_RETRIED: None,
    Event.PAYMENT_REQUESTED: None,
    Event.PAYMENT_GIVEN_UP: None,
    Event.REFUND_OPENED: None,
    # What only its customer, or only an operator, has to know.
    Event.PAYMENT_METHOD_SET: None,
    Event.GIFT_REDEEMED: None,
    Event.PAYMENT_UNKNOWN: None,
    Event.PAYMENT_PARKED: None,
    Event.PAYMENT_OVERPAID: None,
    Event.PAID_TWICE: None,
    Event.LATE_PAYMENT_RECEIVED: None,
    Event.PARKED: None,
    Event.UNPARKED: None,
}

SUBJECTS: Mapping[EventName, str] = {
    EventName.PAYMENT_ACTION_REQUIRED: "payment_id",
    EventName.PAYMENT_CHARGED_BACK: "payment_id",
    EventName.REFUND_SUCCEEDED: "refund_id",
    EventName.REFUND_FAILED: "refund_id",
}
"""What these are about, once; all others are about a version of the subscription."""

OF_THE_FAMILY: Mapping[EventName, str] = {
    EventName.MEMBER_INVITED: "invitation_id",
    EventName.INVITATION_TAKEN_BACK: "invitation_id",
    EventName.MEMBER_JOINED: "membership_id",
    EventName.MEMBER_LEFT: "membership_id",
    EventName.MEMBER_REMOVED: "membership_id",
}
"""What these are about, once; the subscription stays at its version."""

OF_MONEY = ("invoice_id", "payment_id", "amount_cents", "currency")


def goes_out(state: SubscriptionState, entry: Event, details: Details, at: datetime) -> OutgoingEvent | None:
    """`state` is the one after it, `details` are the timeline's. `None`: nobody outside is told."""
    name = GOES_OUT_AS[entry]
    if name is None:
        return None
    if name in OF_THE_FAMILY:
        key = f"{name}:{details[OF_THE_FAMILY[name]]}"
        return OutgoingEvent(state.subscription_id, name, key, at, _of_member(state, details))
    subject = SUBJECTS.get(name)
    if subject is None:
        key = f"{name}:{state.subscription_id}:{state.version}"
        return OutgoingEvent(state.subscription_id, name, key, at, _of_subscription(state, entry, details))
    if subject not in details:  # what goes back to gift cards and balance alone: its credit note tells of it
        return None
    told = {subject: details[subject], "user_id": state.user_id} | _of_money(details)
    return OutgoingEvent(state.subscription_id, name, f"{name}:{details[subject]}", at, told)


def _of_subscription(state: SubscriptionState, entry: Event, details: Details) -> Details:
    upcoming = next_step(state)
    return {
        "user_id": state.user_id,
        "plan_code": state.plan.code,
        "status": state.status,
        "change": entry,
        "period_start": rfc3339(state.period.start),
        "period_end": rfc3339(state.period.end),
        "cancel_at_period_end": state.cancel_at_period_end,
        "scheduled_plan_code": state.chosen_plan.code if state.chosen_plan else None,
        "frozen_until": rfc3339(state.freeze.until) if state.freeze else None,
        "ended_at": rfc3339(state.ended_at) if state.ended_at else None,
        "next_action": upcoming.step if upcoming else None,
        "next_action_at": rfc3339(upcoming.at) if upcoming else None,
        **_of_money(details),
        **({"from_user_id": details["from_user_id"]} if entry is Event.TRANSFERRED else {}),
    }


def _of_member(state: SubscriptionState, details: Details) -> Details:
    ids = {name: details.get(name) for name in ("membership_id", "member_user_id", "invitation_id")}
    return {"user_id": state.user_id, "plan_code": state.plan.code, **ids}


def _of_money(details: Details) -> dict[str, int | str | None]:
    return {name: details.get(name) for name in OF_MONEY}
