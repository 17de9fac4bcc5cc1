"""The announcement of a renewal: whatever moves the renewal or drops it."""

from dataclasses import dataclass, replace
from datetime import datetime

from domain import renewing
from domain.invoice import BillingReason, Invoice
from domain.pricing import bill_period
from domain.subscription import Status, SubscriptionState
from domain.tenders import EMPTY_PURSE


@dataclass(frozen=True)
class Reminder:
    """To be sent at `due_at`: the subscription renews at `renews_at`.

    `invoice` is what will be billed then, if nothing changes, before anything is taken out of a purse.
    """

    due_at: datetime
    renews_at: datetime
    plan_code: str
    invoice: Invoice


def next_reminder(state: SubscriptionState) -> Reminder | None:
    """`None` when no renewal is coming."""
    if state.status not in {Status.TRIALING, Status.ACTIVE} or state.cancel_at_period_end:
        return None
    last = state
    if state.paid_ahead is not None:
        last = replace(renewing.begin(state, state.paid_ahead), paid_ahead=None)
    upcoming = renewing.next_period(last, last.paid_until)
    invoice = bill_period(
        BillingReason.SUBSCRIPTION_CYCLE, upcoming.plan, upcoming.period, state.promo, EMPTY_PURSE
    )
    return Reminder(renewing.reminder_at(state), state.paid_until, upcoming.plan.code, invoice)
