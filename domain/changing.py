"""Another plan: at once, for what is left of the present one, or from the next period on.

Up now, down at the period's end. What is at once is paid first: the change takes effect as of its invoice's
instant when that is paid, and when it is not, nothing has changed.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from domain.billing_calendar import Anchor, Interval, Period, period
from domain.collecting import OpenInvoice, Switch
from domain.ending import without_open_invoice
from domain.invoice import Invoice
from domain.lifecycle import Action, Change, Event, next_status, next_version
from domain.plan import PlanTerms
from domain.pricing import Credit, PeriodPrice, Remainder, bill_change, period_price
from domain.refusals import RefusalCode, Refused
from domain.scheduling import plans_of, without_what_is_open
from domain.subscription import Status, SubscriptionState
from domain.tenders import Purse

UNPAID_CHANGE_LIVES = timedelta(hours=23)
MICROSECOND = timedelta(microseconds=1)
DAYS_OF_100_MONTHS = 3_044
"""Months and days are compared by how long they are on average."""


class When(StrEnum):
    NOW = "now"
    PERIOD_END = "period_end"


@dataclass(frozen=True)
class ChangeOffer:
    """What a change at `at` bills, and the period that it is for once it is paid."""

    at: datetime
    invoice: Invoice
    index: int
    period: Period
    price: PeriodPrice
    switch: Switch

    def crediting_others(self, cents: int) -> Self:
        """See `Invoice.crediting_others`."""
        return replace(self, invoice=self.invoice.crediting_others(cents))


def usual_time(present: PlanTerms, wanted: PlanTerms) -> When:
    """More seats, or a longer interval, is up; at the same length a higher price is."""
    return When.NOW if _rank(wanted) > _rank(present) else When.PERIOD_END


def check_open(state: SubscriptionState) -> None:
    """Raises `Refused` when no plan can be chosen for it at all, or not at this moment."""
    next_status(state.status, Action.CHANGE_PLAN)
    if state.cancel_at_period_end:
        raise Refused(
            RefusalCode.PLAN_CHANGE_NOT_POSSIBLE, "the subscription is canceled for its period's end"
        )
    if state.is_charging:
        raise Refused(RefusalCode.PAYMENT_IN_PROGRESS, "a charge is under way; ask again when it is settled")


def check_change(state: SubscriptionState, wanted: PlanTerms, when: When) -> None:
    """Raises `Refused` when this plan cannot take the present one's place then."""
    check_open(state)
    if when is When.NOW and state.parked_reason is not None:
        raise Refused(RefusalCode.PLAN_CHANGE_NOT_POSSIBLE, "an operator has to look at the billing first")
    if wanted.currency != state.plan.currency:
        raise Refused(RefusalCode.CURRENCY_MISMATCH, "the plan is sold in another currency")
    is_billed_now = when is When.NOW and not is_free_of_charge(state)
    if is_billed_now and wanted.vat_rate_bp != state.plan.vat_rate_bp:
        raise Refused(
            RefusalCode.PLAN_CHANGE_NOT_POSSIBLE,
            "the plan has another VAT rate, which no invoice can mix; the change can follow on this period",
        )
    if when is When.NOW and state.paid_ahead is not None:
        raise Refused(
            RefusalCode.RENEWAL_ALREADY_PAID, "the next period is paid already; the change can follow on it"
        )
    plan_then = state.plan if when is When.NOW else state.next_plan
    if wanted.code == plan_then.code and not state.is_changing_plan:
        raise Refused(RefusalCode.PLAN_UNCHANGED, "the subscription is on this plan then")


def check_instant(state: SubscriptionState, at: datetime) -> None:
    """Raises `Refused` unless `at` lies in the present period, as it is now.

    Before its last change it was paid for otherwise, which was given back: it is not to be credited again.
    """
    if not state.holds_from <= at < state.period.end:
        raise Refused(
            RefusalCode.PLAN_CHANGE_NOT_POSSIBLE,
            "the instant is not inside the present period, or lies before its last change",
        )


def offer(
    state: SubscriptionState,
    wanted: PlanTerms,
    at: datetime,
    *,
    paid_cents: int,
    purse: Purse,
    given_back_cents: int = 0,
) -> ChangeOffer:
    """`paid_cents` were really paid for the present time on this plan: no credit exceeds them.

    What was given back of them is taken off the price of the whole period. Inside the same period the
    promo that it was billed with goes on; a fresh one takes what is left of it.
    """
    remainder, rest = remainder_at(state, at), Period(at, state.period.end)
    credit = Credit(state.plan, rest, unused_cents(state, at, paid_cents, given_back_cents))
    if wanted.interval == state.plan.interval:
        promo, switch = state.price.promo, Switch(wanted, state.anchor)
        invoice = bill_change(wanted, rest, credit=credit, remainder=remainder, promo=promo, purse=purse)
        # A plan that the promo is not for keeps it for one that it is for: the period was billed with it.
        price = replace(period_price(wanted, promo), promo=promo)
        return ChangeOffer(at, invoice, state.period_index, rest, price, switch)
    promo, switch = state.promo, Switch(wanted, Anchor.starting(at))
    fresh = period(switch.anchor, wanted.interval, 0)
    invoice = bill_change(wanted, fresh, credit=credit, remainder=None, promo=promo, purse=purse)
    return ChangeOffer(at, invoice, 0, fresh, period_price(wanted, promo), switch)


def remainder_at(state: SubscriptionState, at: datetime) -> Remainder:
    """Nothing is left once the period is over."""
    whole = (state.period.end - state.period.start) // MICROSECOND - state.frozen_microseconds
    return Remainder(left=max((state.period.end - at) // MICROSECOND, 0), whole=whole)


def unused_cents(state: SubscriptionState, at: datetime, paid_cents: int, given_back_cents: int) -> int:
    """What is not used at `at` of what was paid for the present time; never more than is kept of it."""
    # A state from before prices were kept has none: what was paid is the price of its whole period.
    whole_cents = state.price.cents or paid_cents
    left_cents = remainder_at(state, at).of(max(whole_cents - given_back_cents, 0))
    return min(left_cents, max(paid_cents - given_back_cents, 0))


def opened(state: SubscriptionState, invoice: OpenInvoice) -> Change:
    """The change's invoice is open. Whatever else was open must have been dropped before."""
    if invoice.switch is None:
        raise ValueError(f"invoice {invoice.invoice_id} changes no plan")
    status = next_status(state.status, Action.CHANGE_PLAN)
    pending = replace(state, status=status, open_invoice=invoice)
    details = plans_of(state.plan, invoice.switch.plan)
    return Change(
        next_version(pending),
        Event.PLAN_CHANGE_OPENED,
        details={"invoice_id": invoice.invoice_id, **details},
    )


def in_effect(state: SubscriptionState, invoice: OpenInvoice) -> Change:
    """It is paid: the new plan holds from the instant of its invoice on.

    Inside the same period the dates stay; a plan of another length begins a period of its own. That one is a
    billing period, for the promo too.
    """
    if invoice.switch is None or invoice.changed_at is None:
        raise ValueError(f"invoice {invoice.invoice_id} changes no plan")
    changed = replace(
        state,
        plan=invoice.switch.plan,
        anchor=invoice.switch.anchor,
        price=invoice.price,
        scheduled_plan=None,
        moved_price=None,
        altered_at=invoice.changed_at,
    )
    if invoice.switch.plan.interval != state.plan.interval:
        used = state.promo is not None and invoice.price.promo is not None
        changed = replace(
            changed,
            period_index=invoice.index,
            period=invoice.period,
            frozen_microseconds=0,
            promo=state.promo.after_a_period() if state.promo and used else state.promo,
        )
    return Change(
        next_version(changed),
        Event.PLAN_CHANGED,
        pays_for=invoice.period,
        cuts_at=invoice.changed_at,
        details=plans_of(state.plan, invoice.switch.plan),
    )


def on_trial(state: SubscriptionState, wanted: PlanTerms) -> Change:
    """Nothing was paid for yet: the plan is another one from now on, and the trial ends when it did."""
    status = next_status(state.status, Action.CHANGE_PLAN)
    changed = replace(state, status=status, plan=wanted, scheduled_plan=None, moved_price=None)
    return without_what_is_open(changed, Event.PLAN_CHANGED, plans_of(state.plan, wanted))


def is_free_of_charge(state: SubscriptionState) -> bool:
    return state.status is Status.TRIALING


def drop_for_another(state: SubscriptionState) -> Change | None:
    """What is open makes way for the invoice of a change; `None` when nothing is."""
    if state.open_invoice is None:
        return None
    return without_open_invoice(state, Event.INVOICE_DROPPED)


def expire(state: SubscriptionState) -> Change:
    """Nobody paid for it in time: nothing has changed."""
    return without_open_invoice(state, Event.PLAN_CHANGE_EXPIRED)


def waits_until(state: SubscriptionState) -> datetime:
    """For 23 hours, and not beyond the period that it is in."""
    changed_at = state.unpaid_invoice.changed_at
    if changed_at is None:
        raise ValueError(f"subscription {state.subscription_id} is not changing its plan")
    return min(changed_at + UNPAID_CHANGE_LIVES, state.period.end)


def _rank(plan: PlanTerms) -> tuple[int, int, int]:
    return plan.seats, _length(plan.interval), plan.price_cents


def _length(interval: Interval) -> int:
    return interval.months * DAYS_OF_100_MONTHS + interval.days * 100
