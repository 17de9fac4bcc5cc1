"""Anything that may be asked, in any order: the product does it, or refuses it, as the model does.

Each step is asked of the product first, then of the model as of the same instant; then both are asked what
there is. Three people; the first one is asked for most often, so that a life gets somewhere.
"""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from tests.model.command_rules import CommandRules
from tests.model.facts import facts_of, facts_of_bill, facts_of_purse
from tests.model.family_rules import FamilyRules
from tests.model.money_rules import MoneyRules
from tests.model.steps import assert_alike, assert_same, chosen


class Lives(MoneyRules, CommandRules, FamilyRules):
    @precondition(lambda self: self._alive())
    @rule(which=st.sampled_from([0, 0, 0, 1]), hours=st.sampled_from([2, 25, 80, 24 * 6, 24 * 16, 24 * 33]))
    def time_passes(self, which: int, hours: int) -> None:
        self._pass(chosen(self._alive(), which), timedelta(hours=hours))

    @precondition(lambda self: self._alive())
    @rule(which=st.sampled_from([0, 0, 0, 1]), later=st.sampled_from([-2, 1, 1, 24]), times=st.integers(1, 3))
    def the_next_date_comes(self, which: int, later: int, times: int) -> None:
        """Passes, or is near; several, one after the other."""
        of = chosen(self._alive(), which)
        for _ in range(times):
            due = of.upcoming()
            if due is not None:
                self._pass(of, due.at + timedelta(hours=later) - self.stage.do(self.product.clock(of)))

    @invariant()
    def they_agree(self) -> None:
        for person in self.people if self.town.subscriptions else ():
            shown = self.stage.do(self.product.shown_bills(person))
            assert len(shown) == len(person.bills), (
                f"{len(person.bills)} invoices, and the product has {shown}"
            )
            for told, bill in zip(shown, person.bills, strict=True):
                assert_same(told, facts_of_bill(bill))
            assert_same(self.stage.do(self.product.shown_purse(person)), facts_of_purse(person.purse))
        for of in self.town.subscriptions:
            at = self._catch_up(of)
            assert_alike(self.stage.do(self.product.shown(of)), facts_of(of, at))
            if not of.has_ended:
                sitting = {self.product.students[member].id for member in of.members}
                assert self.stage.do(self.product.shown_members(of)) == sitting
            self.stage.do(self.product.check_money(of))
        for person in self.people if self.town.subscriptions else ():
            sources = [of for of in (self.town.newest_of(person), self.town.family_of(person)) if of]
            allowed = any(facts_of(of, of.seen_at)["access"][0] for of in sources)
            assert self.stage.do(self.product.has_access(person)) == allowed
        for code in self.codes:
            assert self.stage.do(self.product.redemptions(code.promo.code)) == code.held
