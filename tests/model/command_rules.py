"""What the owner of a subscription tells it, in turn and out of turn."""

from collections.abc import Callable
from datetime import datetime, timedelta

import httpx2
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.clock_turn import instant
from tests.model.catalogue import CATALOGUE
from tests.model.facts import Facts, facts_of_offer, shown_facts_of_offer
from tests.model.steps import WHO, Steps, assert_same
from tests.model.subscription import Subscription
from tests.model.terms import refuse_if

PLANS = st.sampled_from([plan.code for plan in CATALOGUE])
WHEN = st.sampled_from([None, None, "now", "period_end"])


class CommandRules(Steps):
    @precondition(lambda self: self._alive())
    @rule(who=WHO, at_period_end=st.sampled_from([True, True, True, False]))
    def cancel(self, who: int, at_period_end: bool) -> None:  # noqa: FBT001 - Hypothesis hands it in by name
        self._command(
            who,
            "cancel",
            {"at_period_end": at_period_end},
            lambda of, at: of.cancel(at, at_period_end=at_period_end),
        )

    @precondition(lambda self: any(of.ending for of in self._alive()))
    @rule(who=WHO)
    def uncancel(self, who: int) -> None:
        self._command(who, "uncancel", None, lambda of, at: of.uncancel(at))

    @precondition(lambda self: self._alive())
    @rule(who=WHO)
    def withdraw(self, who: int) -> None:
        self._command(who, "withdraw", None, lambda of, at: of.withdraw(at))

    @precondition(lambda self: self._has("active"))
    @rule(who=WHO, days=st.sampled_from([None, None, -1, 3, 8, 40]))
    def freeze(self, who: int, days: int | None) -> None:
        of = self._target(self._who(who))
        until = None if days is None else self.stage.do(self.product.clock(of)) + timedelta(days=days)
        body = None if until is None else {"until": until.isoformat()}
        self._command(who, "freeze", body, lambda of, at: of.freeze(at, until))

    @precondition(lambda self: self._has("frozen"))
    @rule(who=WHO)
    def unfreeze(self, who: int) -> None:
        self._command(who, "unfreeze", None, lambda of, at: of.unfreeze(at))

    @precondition(lambda self: self._has("active", "trialing"))
    @rule(who=WHO, plan=PLANS, when=WHEN)
    def change_plan(self, who: int, plan: str, when: str | None) -> None:
        wanted = self.stage.plans[plan]
        body = {"plan_code": wanted.code, "when": when}
        self._command(who, "change-plan", body, lambda of, at: of.change_plan(wanted, when, at, at))

    @precondition(lambda self: self._has("active", "trialing"))
    @rule(who=WHO, plan=PLANS, when=WHEN)
    def change_plan_as_quoted(self, who: int, plan: str, when: str | None) -> None:
        person, wanted = self._who(who), self.stage.plans[plan]
        of = self._target(person)
        quote: Facts = {}

        async def preview() -> httpx2.Response:
            body = {"plan_code": wanted.code, "when": when}
            answer = await self.product.command(person, of, "change-plan/preview", body)
            quote.update(answer.json())
            return answer

        def expected(at: datetime) -> None:
            refuse_if(of.owner is not person, "subscription_not_found")
            as_of = instant(quote["period_start"]) if quote.get("when") == "now" else at
            offered = facts_of_offer(of, wanted, when, as_of)
            assert_same(shown_facts_of_offer(quote), offered)

        if not self._ask(of, preview(), expected).is_success:
            return
        quoted_at = instant(quote["period_start"])
        self._command(
            who,
            "change-plan",
            {"plan_code": wanted.code, "quote": quote["quote"]},
            lambda of, at: of.change_plan(wanted, quote["when"], at, quoted_at),
        )

    @rule(who=WHO, name=st.sampled_from(["uncancel", "withdraw", "freeze", "unfreeze", "cancel"]))
    def out_of_turn(self, who: int, name: str) -> None:
        """Mostly refused: in any state, by anybody."""
        commands: dict[str, Callable[[Subscription, datetime], object]] = {
            "uncancel": lambda of, at: of.uncancel(at),
            "withdraw": lambda of, at: of.withdraw(at),
            "freeze": lambda of, at: of.freeze(at),
            "unfreeze": lambda of, at: of.unfreeze(at),
            "cancel": lambda of, at: of.cancel(at, at_period_end=True),
        }
        self._command(who, name, None, commands[name])
