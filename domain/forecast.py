"""What a start would bill, period after period: a life in memory, in which every invoice is paid at once.

It is lived by the rules of the real one, so that a preview cannot differ from what is charged.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from domain import changing, pausing, paying, renewing, starting
from domain.billing_calendar import Period
from domain.changing import When
from domain.collecting import OpenInvoice, Switch
from domain.due import NextStep, Step, next_step
from domain.due_changes import change_due
from domain.dunning import DunningPolicy, FinalAction
from domain.invoice import BillingReason, Invoice
from domain.planned import Planned, PlannedChange, PlannedFreeze, PlannedStart, in_time_order
from domain.pricing import PeriodPrice, bill_period, period_price
from domain.refusals import RefusalCode, Refused
from domain.subscription import SubscriptionState
from domain.tenders import Purse, credited, left_in, unexpired

MOST_PERIODS = 60

A_CARD = 0
"""Renewals are charged at the boundary. By hand they cost the same, and are asked for ahead."""

NEVER_DUNNED = DunningPolicy(version=0, retry_days=(), final_action=FinalAction.CANCEL)


@dataclass(frozen=True)
class Forecast:
    """The invoices in the order in which they are opened, and what the customer is left with.

    `state` is the one in the last period.
    """

    invoices: tuple[Invoice, ...]
    state: SubscriptionState
    purse: Purse
    trial_ends_at: datetime | None


def forecast(
    start: PlannedStart,
    periods: int,
    changes: Iterable[PlannedChange] = (),
    freezes: Iterable[PlannedFreeze] = (),
) -> Forecast:
    """Over so many billing periods; one that a change of plan begins is one of them, a trial is not.

    Raises `Refused` as the real thing does, and for what is planned for outside of these periods.
    """
    life = _Life.begin(start, periods)
    trial_ends_at = life.state.period.end if start.is_trial else None
    for planned in in_time_order(changes, freezes):
        life.go_on(until=planned.at)
        life.take(planned)
    life.go_on()
    return Forecast(tuple(life.invoices), life.state, life.purse, trial_ends_at)


@dataclass
class _Life:
    start: PlannedStart
    state: SubscriptionState
    purse: Purse
    periods_left: int
    invoices: list[Invoice] = field(default_factory=list)

    @classmethod
    def begin(cls, start: PlannedStart, periods: int) -> Self:
        begin = starting.trial if start.is_trial else starting.unpaid
        state = replace(begin(start.plan, start.at, start.promo), payment_method_id=A_CARD)
        life = cls(start, state, start.purse, periods)
        if not start.is_trial:
            opened = life._open(state.period_index, state.period, period_price(state.plan, state.promo))
            life._bill(BillingReason.SUBSCRIPTION_CREATE, replace(state, open_invoice=opened))
        return life

    def go_on(self, *, until: datetime | None = None) -> None:
        """Up to the last period's start. What is due at an instant comes before what is planned for it."""
        while (due := next_step(self.state)) is not None and (until is None or due.at <= until):
            if due.step is Step.RENEW and not self.periods_left:
                return
            self._take_due(due)

    def take(self, planned: Planned) -> None:
        match planned:
            case PlannedChange():
                self._change_plan(planned)
            case PlannedFreeze():
                self._freeze(planned)

    def _take_due(self, due: NextStep) -> None:
        if due.step is Step.RENEW:
            self._renew(due.at)
        else:
            change = change_due(self.state, due.at)
            self.state = change.state if change else self.state

    def _renew(self, at: datetime) -> None:
        upcoming = renewing.next_period(self.state, at)
        price = period_price(upcoming.plan, self.state.promo)
        opened = self._open(upcoming.index, upcoming.period, price, upcoming.switch)
        change = renewing.renewal_opened(self.state, opened, upcoming.skipped_count)
        self._bill(BillingReason.SUBSCRIPTION_CYCLE, change.state)

    def _change_plan(self, planned: PlannedChange) -> None:
        changing.check_change(self.state, planned.plan, When.NOW)
        changing.check_instant(self.state, planned.at)
        if changing.is_free_of_charge(self.state):
            self.state = changing.on_trial(self.state, planned.plan).state
            return
        offer = changing.offer(
            self.state,
            planned.plan,
            planned.at,
            paid_cents=self.invoices[-1].charge_cents,
            purse=self._purse_at(planned.at),
        )
        if planned.plan.interval != self.state.plan.interval:
            self.periods_left = max(self.periods_left - 1, 0)
        opened = self._open(offer.index, offer.period, offer.price, offer.switch, planned.at)
        self._settle(changing.opened(self.state, opened).state, offer.invoice)

    def _freeze(self, planned: PlannedFreeze) -> None:
        if planned.at < self.state.started_at:
            raise Refused(RefusalCode.FREEZE_ONLY_FROM_ACTIVE, "the subscription has not begun by then")
        self.state = pausing.freeze(self.state, until=planned.until, at=planned.at).state

    def _open(
        self,
        index: int,
        period: Period,
        price: PeriodPrice,
        switch: Switch | None = None,
        changed_at: datetime | None = None,
    ) -> OpenInvoice:
        invoice_id = len(self.invoices) + 1
        return OpenInvoice(
            invoice_id,
            index,
            period,
            NEVER_DUNNED,
            attempt=None,
            price=price,
            switch=switch,
            changed_at=changed_at,
        )

    def _bill(self, reason: BillingReason, state: SubscriptionState) -> None:
        """One period, of the plan that it is billed for."""
        opened = state.unpaid_invoice
        plan = opened.switch.plan if opened.switch else state.plan
        purse = self._purse_at(opened.period.start)
        self.periods_left -= 1
        self._settle(state, bill_period(reason, plan, opened.period, state.promo, purse))

    def _settle(self, state: SubscriptionState, invoice: Invoice) -> None:
        """Paid from the purse and, for the rest, by the card."""
        self.invoices.append(invoice)
        self.state = paying.covered(state, invoice.period.start).state
        self.purse = credited(left_in(self.purse, invoice.tenders), invoice.credited_to_balance_cents)

    def _purse_at(self, at: datetime) -> Purse:
        return unexpired(self.purse, self.start.expiries, at)
