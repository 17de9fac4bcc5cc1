"""A subscription under any sequence of commands, reports, due dates and answers, on time or late."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain import chargeback, ending, parking, pausing
from domain.access import WITH_ACCESS, AccessTerms, access, access_until
from domain.changing import When
from domain.due import next_step
from domain.dunning import FinalAction
from domain.explanation import explain
from domain.lifecycle import Event
from domain.payment import DeclineKind
from domain.plan import PlanTerms
from domain.reminder import next_reminder
from domain.scheduling import PriceMove, price_move, schedule_price
from domain.subscription import Status
from domain.waiting import WaitingFor, waiting_for
from tests.domain.life import Answer, Life
from tests.domain.states import CARD, FAMILY, MONTHLY, ON_TRIAL, OTHER_CARD, POLICY, YEARLY

ENDINGS = {Event.EXPIRED, Event.CANCELED, Event.WITHDRAWN, Event.ENDED, Event.UNCOLLECTED}
ENDED = {Status.CANCELED, Status.INCOMPLETE_EXPIRED}
CAN_END_IN_TIME = {Status.TRIALING, Status.ACTIVE, Status.FROZEN}
TWO_WEEKS = replace(MONTHLY, code="P14D", period_iso="P14D", price_cents=990)
METHODS = st.sampled_from([None, CARD, OTHER_CARD])
ANSWERS = st.sampled_from(Answer)
PLANS = st.sampled_from([MONTHLY, YEARLY, FAMILY, TWO_WEEKS])
MOSTLY = st.sampled_from([True, True, True, False])
SELDOM = st.sampled_from([False] * 9 + [True])
FORTNIGHTLY = replace(MONTHLY, period_iso="P14D", grace_days=1)
SHORT_POLICY = replace(POLICY, retry_days=(1, 3, 5))


class SubscriptionMachine(RuleBasedStateMachine):
    moved: PlanTerms | None = None
    """The price that its plan moves to, until it has done so, or is another plan."""

    @initialize(
        plan=st.sampled_from([MONTHLY, ON_TRIAL, YEARLY, FORTNIGHTLY]),
        final_action=st.sampled_from(FinalAction),
        method_id=METHODS,
        is_paid=MOSTLY,
    )
    def begin(
        self, plan: PlanTerms, final_action: FinalAction, method_id: int | None, *, is_paid: bool
    ) -> None:
        policy = SHORT_POLICY if plan is FORTNIGHTLY else POLICY
        self.life = Life.begin(plan, replace(policy, final_action=final_action), method_id)
        if is_paid and self.life.invoice_of:
            self.life.report(1, is_paid=True, kind=DeclineKind.SOFT)

    @rule()
    def go_well(self) -> None:
        self._live_until_the_next_date(Answer.PAID, late_by=0)

    @rule(answer=ANSWERS)
    def go_anyhow(self, answer: Answer) -> None:
        self._live_until_the_next_date(answer, late_by=0)

    @rule(answer=ANSWERS, late_by=st.sampled_from([1, 50, 400, 2_000]))
    def go_late(self, answer: Answer, late_by: int) -> None:
        self._live_until_the_next_date(answer, late_by)

    @rule(answer=ANSWERS)
    def take_due_step(self, answer: Answer) -> None:
        self.life.take_due_step(answer)

    def _live_until_the_next_date(self, answer: Answer, late_by: int) -> None:
        """Or past it, by so many hours."""
        upcoming = next_step(self.life.state)
        if upcoming is not None:
            self.life.now = max(self.life.now, upcoming.at) + timedelta(hours=late_by)
            self.life.take_due_step(answer)

    @rule(hours=st.integers(1, 200))
    def pass_time(self, hours: int) -> None:
        self.life.now += timedelta(hours=hours)

    @rule(data=st.data(), is_paid=MOSTLY, kind=st.sampled_from(DeclineKind))
    @precondition(lambda self: self.life.invoice_of)
    def report(self, data: st.DataObject, kind: DeclineKind, *, is_paid: bool) -> None:
        payment_id = data.draw(st.sampled_from(sorted(self.life.invoice_of)[-4:]))
        self.life.report(payment_id, is_paid=is_paid, kind=kind)

    @rule()
    def cancel_later(self) -> None:
        now = self.life.now
        self.life.command(lambda state: ending.cancel(state, at_period_end=True, at=now))

    @rule(is_meant=SELDOM)
    def cancel_now(self, *, is_meant: bool) -> None:
        now = self.life.now
        if is_meant:
            self.life.command(lambda state: ending.cancel(state, at_period_end=False, at=now))

    @rule(is_meant=SELDOM)
    def withdraw(self, *, is_meant: bool) -> None:
        now = self.life.now
        if is_meant:
            self.life.command(lambda state: ending.withdraw(state, now))

    @rule()
    def uncancel(self) -> None:
        self.life.command(ending.uncancel)

    @rule(hours=st.none() | st.integers(1, 24 * 40))
    def freeze(self, hours: int | None) -> None:
        now = self.life.now
        until = None if hours is None else now + timedelta(hours=hours)
        self.life.command(lambda state: pausing.freeze(state, until=until, at=now))

    @rule()
    def unfreeze(self) -> None:
        self.life.command(lambda state: pausing.unfreeze(state, self.life.now))

    @rule(wanted=PLANS, asked=st.sampled_from([None, *When]))
    def change_plan(self, wanted: PlanTerms, asked: When | None) -> None:
        self.life.change_plan(wanted, asked)

    @rule()
    def move_price(self) -> None:
        present = self.life.state.last_paid_plan
        version, cents = present.price_version + 1, present.price_cents + 100
        price = replace(present, price_version=version, price_cents=cents)
        if price_move(self.life.state, price, self.life.now) is PriceMove.MOVES:
            self.moved = price
        self.life.command(lambda state: schedule_price(state, price, self.life.now))

    @rule(method_id=METHODS)
    def pay_now(self, method_id: int | None) -> None:
        self.life.pay_now(method_id)

    @rule(method_id=METHODS)
    def set_method(self, method_id: int | None) -> None:
        self.life.set_method(method_id)

    @rule(is_meant=SELDOM)
    def fail(self, *, is_meant: bool) -> None:
        if is_meant:
            self.life.command(parking.park_for_a_fault)

    @rule(is_meant=SELDOM)
    def charge_back(self, *, is_meant: bool) -> None:
        if is_meant:
            self.life.command(chargeback.stop_billing)

    @rule()
    def unpark(self) -> None:
        self.life.command(lambda state: parking.unpark(state, self.life.now))

    @invariant()
    def what_is_open_in_the_books_is_what_it_waits_for(self) -> None:
        invoice = self.life.state.open_invoice

        assert self.life.open_invoice_ids == ({invoice.invoice_id} if invoice else set())

    @invariant()
    def no_charge_is_forgotten_that_may_have_moved_money(self) -> None:
        state = self.life.state
        awaited = {state.withdrawing_payment_id, state.attempt.payment_id if state.attempt else None}

        assert self.life.sent <= awaited

    @invariant()
    def each_status_has_what_belongs_to_it(self) -> None:
        state = self.life.state

        assert state.has_ended == (state.status in ENDED)
        assert (state.dunning is not None) == (state.status is Status.PAST_DUE)
        assert (state.freeze is not None) == (state.status is Status.FROZEN)
        if state.status in {Status.INCOMPLETE, Status.PAST_DUE, Status.UNPAID}:
            assert state.open_invoice is not None
        if state.status is Status.FROZEN:
            assert state.open_invoice is None
        if state.is_changing_plan and not state.has_ended:
            assert state.status is Status.ACTIVE

    @invariant()
    def nobody_is_frozen_for_longer_than_the_allowance_lasts(self) -> None:
        """But for what was parked at its end, which no allowance pays for."""
        allowance = timedelta(days=MONTHLY.freeze_days_per_year)

        assert self.life.state.frozen_time.spent_in(self.life.state.frozen_time.year) <= allowance

    @invariant()
    def what_wants_no_payment_only_waits_for_one_that_is_under_way(self) -> None:
        state = self.life.state
        if state.wants_no_payment:
            assert state.open_invoice is None or state.is_charging

    @invariant()
    def what_has_ended_keeps_nothing_that_goes_on(self) -> None:
        state = self.life.state
        if state.has_ended:
            assert (state.paid_ahead, state.cancel_at_period_end) == (None, False)
            assert state.is_finished or next_step(state) is not None or state.parked_reason is not None
        if state.cancel_at_period_end:
            assert state.status in CAN_END_IN_TIME
            assert state.canceled_at is not None

    @invariant()
    def what_is_paid_ahead_follows_the_present_period(self) -> None:
        state = self.life.state
        if state.paid_ahead is not None:
            assert state.status in CAN_END_IN_TIME
            assert state.open_invoice is None
            assert state.paid_ahead.period.start == state.period.end

    @invariant()
    def a_price_that_moves_is_only_left_with_its_plan(self) -> None:
        state, present = self.life.state, self.life.state.last_paid_plan
        if state.has_ended or self.moved is None or present.code != self.moved.code or present == self.moved:
            self.moved = None
        else:
            assert state.coming_price == self.moved

    @invariant()
    def paid_periods_never_overlap(self) -> None:
        rows = sorted(self.life.paid_for, key=lambda period: period.start)

        assert all(earlier.end <= later.start for earlier, later in pairwise(rows))
        assert all(period.start < period.end for period in rows)
        if self.life.state.status in {Status.ACTIVE, Status.PAST_DUE}:
            paid_until = rows[-1].end if rows else None
            assert self.life.state.paid_until == paid_until or self.life.state.period_index == -1

    @invariant()
    def access_is_for_what_is_paid_or_tried(self) -> None:
        state = self.life.state
        until = access_until(state)
        answer = access(AccessTerms(state.status, until), self.life.now)

        assert (until is None) == (state.status not in WITH_ACCESS)
        assert answer.allowed == (until is not None and self.life.now < until)

    @invariant()
    def it_never_stands_still_but_for_a_person(self) -> None:
        state = self.life.state
        if next_step(state) is None:
            awaited = waiting_for(state)
            assert awaited in {None, WaitingFor.OPERATOR, WaitingFor.PAYMENT}
            assert (awaited is WaitingFor.PAYMENT) <= (state.status is Status.UNPAID)
            assert (awaited is WaitingFor.OPERATOR) == (state.parked_reason is not None)
        if state.parked_reason in parking.OF_A_PAYMENT:
            assert state.attempt is not None

    @invariant()
    def it_can_always_be_told(self) -> None:
        told = explain(self.life.state)
        reminder = next_reminder(self.life.state)

        assert told.why.endswith(".")
        assert told.what_next.endswith(".")
        assert reminder is None or reminder.due_at <= reminder.renews_at

    @invariant()
    def it_is_told_once_that_it_ended(self) -> None:
        counted = Counter(event for event in self.life.events if event in ENDINGS)

        assert sum(counted.values()) == self.life.state.has_ended


TestSubscriptionMachine = SubscriptionMachine.TestCase
TestSubscriptionMachine.settings = settings(
    max_examples=5 * settings().max_examples // 4, stateful_step_count=40
)
