"""How each step of the machine is made: asked of the product, then of the model as of the same instant."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

import httpx2
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from tests.client import refusal
from tests.model.facts import Facts
from tests.model.person import Person
from tests.model.product import Product
from tests.model.purse import GiftCard
from tests.model.subscription import Subscription
from tests.model.terms import Plan, PromoCode, RefusedError, refuse_if
from tests.model.town import Town

WHO = st.integers(0, 9)
"""Mostly somebody who has a subscription that lives: see `_who`."""

MOSTLY = 9
CLEAR = timedelta(minutes=3)
"""So near to a date nobody stops: time goes on while both are looked at."""

A_MOMENT = timedelta(minutes=1)
"""A step is taken when it is due, or soon after it."""

SOON_AFTER = ("next_action_at", "ended_at")
Answer = TypeVar("Answer")


@dataclass
class Stage:
    """Where the machine plays: in a thread of its own, with everything else on the loop of the tests."""

    product: Product
    plans: dict[str, Plan]
    loop: asyncio.AbstractEventLoop

    def do(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


class Steps(RuleBasedStateMachine):
    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage, self.product = stage, stage.product
        self.town = Town()
        self.people = [Person(name) for name in ("Anna", "Bruno", "Carla")]
        self.gifts: list[GiftCard] = []
        self.codes: list[PromoCode] = []

    def _command(
        self, who: int, name: str, body: Any, act: Callable[[Subscription, datetime], object]
    ) -> httpx2.Response:
        """By somebody whose it may not be."""
        person = self._who(who)
        of = self._target(person)

        def expected(at: datetime) -> None:
            refuse_if(of.owner is not person, "subscription_not_found")
            act(of, at)

        return self._ask(of, self.product.command(person, of, name, body), expected)

    def _of(
        self, person: Person, work: Coroutine[Any, Any, httpx2.Response], act: Callable[[datetime], object]
    ) -> None:
        """What somebody does beside any subscription, or to the one that lives."""
        self._ask(self.town.live_of(person) or self._target(person), work, act)

    def _ask(
        self, of: Subscription, work: Coroutine[Any, Any, httpx2.Response], act: Callable[[datetime], object]
    ) -> httpx2.Response:
        self._catch_up(of)
        answer, at = self.stage.do(self.product.does(of, work))
        self._assert_answered(answer, lambda: act(at))
        return answer

    def _assert_answered(self, answer: httpx2.Response, act: Callable[[], object]) -> None:
        """As the model answers: done, or refused with the same code."""
        told = None if answer.is_success else refusal(answer)[1]
        expected = None
        try:
            act()
        except RefusedError as refused:
            expected = refused.code
        assert told == expected, f"answered with {told}, and not with {expected}"

    def _pass(self, of: Subscription, by: timedelta) -> None:
        at = self.stage.do(self.product.turn(of, f"PT{max(round(by.total_seconds()), 60)}S"))
        of.let_pass(at)

    def _catch_up(self, of: Subscription) -> datetime:
        """What the clock of both says, which is near to no date: nothing comes while they are looked at."""
        if of.has_ended:
            return of.seen_at
        at = self.stage.do(self.product.clock(of))
        of.let_pass(at)
        due = of.upcoming()
        dates = [of.access_until, due and due.at]
        if any(date and at <= date < at + CLEAR for date in dates):
            self._pass(of, 2 * CLEAR)
            return self._catch_up(of)
        return at

    def _has(self, *statuses: str) -> bool:
        return any(of.status in statuses for of in self._alive())

    def _alive(self) -> list[Subscription]:
        return [of for of in self.town.subscriptions if not of.has_ended]

    def _who(self, number: int) -> Person:
        owners = [of.owner for of in self._alive()]
        return chosen(owners if owners and number < MOSTLY else self.people, number)

    def _target(self, person: Person) -> Subscription:
        """Theirs, or somebody else's."""
        return self.town.newest_of(person) or self.town.subscriptions[0]


def chosen(options: list[Answer], which: int) -> Answer:
    """The newest first."""
    return options[-1 - which % len(options)]


def assert_alike(shown: Facts, expected: Facts) -> None:
    """A step is taken when it is due or soon after it: dates of what follows are not to the microsecond."""
    for name in SOON_AFTER:
        told, due = shown[name], expected[name]
        if told and due and abs(told - due) < A_MOMENT:
            shown = shown | {name: due}
    assert_same(shown, expected)


def assert_same(shown: Facts, expected: Facts) -> None:
    differing = {name: (shown[name], told) for name, told in expected.items() if shown[name] != told}
    assert not differing, f"(the product's, the model's): {differing} of {shown}"
