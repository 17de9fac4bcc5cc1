"""A wish for a plan: which way the change goes, what it would bill, and what was quoted for it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from domain import changing, renewing
from domain.billing_calendar import Period
from domain.changing import When, usual_time
from domain.invoice import BillingReason, Invoice
from domain.lifecycle import Change, Event
from domain.plan import PlanTerms
from domain.pricing import bill_period
from domain.promo import Promo
from domain.refusals import RefusalCode, Refused
from domain.renewing import NextPeriod
from domain.scheduling import schedule, take_back
from domain.subscription import SubscriptionState
from domain.tenders import Purse

QUOTE_LIVES = timedelta(minutes=15)
CLOCK_SKEW = timedelta(seconds=5)
"""How far the clock of whoever quotes may be ahead of the one that it is charged by."""

REPLACING = frozenset({Event.INVOICE_DROPPED, Event.PLAN_CHANGE_SCHEDULED, Event.PLAN_CHANGE_TAKEN_BACK})
"""What a later choice of plan is told as, with the invoice that makes way for it."""


class Way(StrEnum):
    """`on_trial` is at once and free of charge; `taken_back`: the plan that it is on is to stay."""

    NOW = "now"
    PERIOD_END = "period_end"
    ON_TRIAL = "on_trial"
    TAKEN_BACK = "taken_back"

    @property
    def when(self) -> When:
        return When.NOW if self in {Way.NOW, Way.ON_TRIAL} else When.PERIOD_END


def on_sale(found: PlanTerms | None) -> PlanTerms:
    """Raises `Refused` when there is none."""
    if found is None:
        raise Refused(RefusalCode.PLAN_NOT_FOUND, "there is no such plan on sale")
    return found


def choose_way(state: SubscriptionState, wanted: PlanTerms, asked: When | None) -> Way:
    """Up now, down at the period's end, unless something else is asked for. Raises `Refused`."""
    if wanted.code == state.last_paid_plan.code:
        changing.check_open(state)
        take_back(state)
        return Way.TAKEN_BACK
    when = asked or usual_time(state.plan, wanted)
    if changing.is_free_of_charge(state) and state.paid_ahead is None:
        changing.check_change(state, wanted, When.NOW)
        return Way.ON_TRIAL
    changing.check_change(state, wanted, when)
    return Way.NOW if when is When.NOW else Way.PERIOD_END


def without_charge(state: SubscriptionState, wanted: PlanTerms, way: Way) -> Change:
    """The change itself, of every way but `now`, which is opened and paid for first."""
    match way:
        case Way.ON_TRIAL:
            return changing.on_trial(state, wanted)
        case Way.TAKEN_BACK:
            return take_back(state)
        case Way.PERIOD_END:
            return schedule(state, wanted)
        case Way.NOW:
            raise ValueError("a change at once is paid for first")


def not_made(told_of_its_invoice: Iterable[str]) -> Refused:
    """Why a change that waited for its payment will not be made, though nobody declined that.

    By what the timeline tells of its invoice.
    """
    if REPLACING.isdisjoint(told_of_its_invoice):
        return Refused(
            RefusalCode.PLAN_CHANGE_VOIDED, "the subscription was canceled or frozen before it was paid"
        )
    return Refused(
        RefusalCode.PLAN_CHANGE_REPLACED, "another choice of plan took its place before it was paid"
    )


def check_instant(state: SubscriptionState, way: Way, at: datetime, now: datetime) -> None:
    """What follows on the present period is chosen after its end, too, while the renewal is not paid.

    Raises `Refused`: a change at once is inside the period, and what has not come yet is not foreseen beyond.
    """
    is_over = state.period.end <= at <= now
    if way is Way.NOW or not is_over:
        changing.check_instant(state, at)


@dataclass(frozen=True)
class Foreseen:
    """What a change would bill, and the period that it would be for. On trial nothing is, before its end."""

    when: When
    period: Period
    currency: str
    invoice: Invoice | None


def foresee_free(state: SubscriptionState, wanted: PlanTerms, way: Way, at: datetime) -> Foreseen | None:
    """On trial nothing is billed before its end; `None` when something is."""
    if way is not Way.ON_TRIAL or at >= state.period.end:
        return None
    return Foreseen(way.when, Period(at, state.period.end), wanted.currency, None)


@dataclass(frozen=True)
class Later:
    """The next period as it will be billed, if nothing else changes until then."""

    when: When
    upcoming: NextPeriod
    promo: Promo | None

    def paid_from(self, purse: Purse) -> Foreseen:
        """`purse` is what can be taken out when a renewal's gift cards have to be valid."""
        plan, period = self.upcoming.plan, self.upcoming.period
        invoice = bill_period(BillingReason.SUBSCRIPTION_CYCLE, plan, period, self.promo, purse)
        return Foreseen(self.when, period, invoice.currency, invoice)


def foresee_later(state: SubscriptionState, wanted: PlanTerms, way: Way, at: datetime) -> Later:
    """Of every way but `now`, where it is not free."""
    chosen = without_charge(state, wanted, way).state
    if chosen.paid_ahead is not None:
        chosen = replace(renewing.begin(chosen, chosen.paid_ahead), paid_ahead=None)
    return Later(way.when, renewing.next_period(chosen, at), chosen.promo)


@dataclass(frozen=True)
class Amounts:
    """What a change costs: the new plan's time, less the credit, less what gift cards and balance pay."""

    credit_cents: int = 0
    charge_cents: int = 0
    amount_due_cents: int = 0

    @classmethod
    def of(cls, invoice: Invoice) -> Self:
        return cls(invoice.credit_cents, invoice.charge_cents, invoice.amount_due_cents)


@dataclass(frozen=True)
class Quote:
    """What somebody was told that a change costs, as of `at`, when their subscription was at `version`."""

    version: int
    price_version: int
    when: When
    at: datetime
    amounts: Amounts

    def check_terms(self, state: SubscriptionState, wanted: PlanTerms, way: Way, now: datetime) -> None:
        """Raises `Refused` when it is not about this state, or not about this time."""
        is_of_now = now - QUOTE_LIVES <= self.at <= now + CLOCK_SKEW
        is_the_same = (self.version, self.price_version, self.when) == (
            state.version,
            wanted.price_version,
            way.when,
        )
        if not is_of_now or not is_the_same:
            raise _outdated()

    def check_amounts(self, invoice: Invoice) -> None:
        """Raises `Refused` when it would cost something else by now."""
        if Amounts.of(invoice) != self.amounts:
            raise _outdated()


def _outdated() -> Refused:
    return Refused(RefusalCode.QUOTE_OUTDATED, "what was quoted holds no longer; ask for another quote")
