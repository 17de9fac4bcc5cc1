"""A subscription under any sequence of actions."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from domain.due import next_step
from domain.lifecycle import Change, activate, cancel, end_period, expire, uncancel
from domain.refusals import Refused
from domain.subscription import Status, SubscriptionState
from tests.domain.states import INCOMPLETE

LIVE = {Status.INCOMPLETE, Status.ACTIVE}


class SubscriptionMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.state = INCOMPLETE
        self.now = INCOMPLETE.started_at

    @rule()
    def activate(self) -> None:
        self.apply(activate)

    @rule()
    def expire(self) -> None:
        self.apply(lambda state: expire(state, self.now))

    @rule(at_period_end=st.booleans())
    def cancel(self, *, at_period_end: bool) -> None:
        self.apply(lambda state: cancel(state, at_period_end=at_period_end, at=self.now))

    @rule()
    def uncancel(self) -> None:
        self.apply(uncancel)

    @rule()
    def end_period(self) -> None:
        self.apply(end_period)

    @rule(hours=st.integers(1, 400))
    def pass_time(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    def apply(self, command: Callable[[SubscriptionState], Change | None]) -> None:
        before = self.state
        try:
            change = command(before)
        except Refused:
            return
        if change is None:
            return
        self.state = change.state
        assert before.ended_at is None
        assert change.state.version == before.version + 1
        assert change.state.status is not before.status or before.status is Status.ACTIVE
        assert change.voids_invoice_id == (before.open_invoice_id if change.state.has_ended else None)

    @invariant()
    def what_was_bought_stays(self) -> None:
        kept = ("subscription_id", "user_id", "plan", "anchor", "period", "period_index", "started_at")
        assert [getattr(self.state, name) for name in kept] == [getattr(INCOMPLETE, name) for name in kept]

    @invariant()
    def ended_is_not_live(self) -> None:
        assert self.state.has_ended == (self.state.status not in LIVE)
        assert (next_step(self.state) is None) == self.state.has_ended

    @invariant()
    def only_an_unpaid_start_waits_for_its_invoice(self) -> None:
        assert (self.state.open_invoice_id is not None) == (self.state.status is Status.INCOMPLETE)

    @invariant()
    def only_an_active_one_is_about_to_end(self) -> None:
        if self.state.cancel_at_period_end:
            assert self.state.status is Status.ACTIVE
            assert self.state.canceled_at is not None

    @invariant()
    def a_cancellation_is_dated_when_somebody_wants_it(self) -> None:
        if self.state.status in {Status.INCOMPLETE, Status.INCOMPLETE_EXPIRED}:
            assert self.state.canceled_at is None
        if self.state.status is Status.ACTIVE:
            assert (self.state.canceled_at is not None) == self.state.cancel_at_period_end


TestSubscriptionMachine = SubscriptionMachine.TestCase
TestSubscriptionMachine.settings = settings(max_examples=60, stateful_step_count=12)
