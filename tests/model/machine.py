"""Anything that may be asked, in any order: the product does it, or refuses it, as the model does.

Each step is asked of the product first, then of the model as of the same instant; then both are asked what
there is. Three people; the first one is asked for most often, so that a life gets somewhere.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import httpx2
from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.client import refusal
from tests.clock_turn import instant
from tests.model.bill import Bill, Payment
from tests.model.facts import (
    Facts,
    facts_of,
    facts_of_bill,
    facts_of_offer,
    facts_of_purse,
    shown_facts_of_offer,
)
from tests.model.person import Person
from tests.model.product import Product, new_card
from tests.model.purse import GiftCard
from tests.model.subscription import Subscription
from tests.model.terms import Plan, Promo, PromoCode, RefusedError, refuse_if
from tests.model.town import INVITATION_LIVES, Invitation, Town

CATALOGUE = (
    Plan("MONTH", 1_990, months=1),
    Plan("PLUS", 2_990, months=1, freeze_days=10),
    Plan("YEAR", 17_990, months=12),
    Plan("FAMILY", 3_490, months=1, seats=3),
    Plan("TRIAL", 1_490, days=30, trial_days=10),
    Plan("PATIENT", 990, days=30, grace_days=3, retry_days=(2, 5), final_action="unpaid"),
)
STARTS = tuple(
    datetime.fromisoformat(f"{day}T08:30:00Z") for day in ("2035-01-31", "2035-08-31", "2036-02-29")
)
PROMOS = (
    (Promo("", percent=33, periods=2), None),
    (Promo("", cents=500), None),
    (Promo("", percent=100, periods=1), 1),
)
GIFT_CENTS = (2_500, 300, 6_000, 1_980)
UNKNOWN = 9
GIFTS = st.sampled_from([0, 1, 2, 3, UNKNOWN])
WHEN = st.sampled_from([None, None, "now", "period_end"])
WHO = st.integers(0, 9)
"""Mostly somebody who has a subscription that lives: see `_who`."""

MOSTLY = 9
FEW = 6
STARTERS = st.sampled_from([0, 0, 1, 2])
PLANS = st.sampled_from([plan.code for plan in CATALOGUE])
DOES = st.sampled_from(["ok", "ok", "ok", "soft", "hard", "3ds"])
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


class Lives(RuleBasedStateMachine):
    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage, self.product = stage, stage.product
        self.town = Town()
        self.people = [Person(name) for name in ("Anna", "Bruno", "Carla")]
        self.gifts: list[GiftCard] = []
        self.codes: list[PromoCode] = []

    @initialize(
        plan=PLANS,
        does=st.none() | DOES,
        start_at=st.none() | st.sampled_from(STARTS),
        is_paid=st.sampled_from([True, True, True, False]),
    )
    def open(self, plan: str, does: str | None, start_at: datetime | None, is_paid: bool) -> None:  # noqa: FBT001 - Hypothesis hands it in by name
        self.stage.do(self.product.begin(self.people))
        for promo, most in PROMOS:
            self.codes.append(self.stage.do(self._publish(promo, most)))
        self._start(self.people[0], self.stage.plans[plan], does, start_at=start_at)
        if is_paid and self.town.reportable():
            self.report(0, "SUCCEEDED")

    async def _publish(self, promo: Promo, most: int | None) -> PromoCode:
        code = await self.product.publish(promo, most)
        return PromoCode(Promo(**{**vars(promo), "code": code}), most)

    # What they do.

    @precondition(lambda self: len(self._alive()) < len(self.people) - 1)
    @rule(
        who=STARTERS,
        plan=PLANS,
        does=st.none() | DOES,
        promo=st.none() | st.integers(0, 2),
        gift=st.none() | GIFTS,
    )
    def start(self, who: int, plan: str, does: str | None, promo: int | None, gift: int | None) -> None:
        self._start(
            self.people[who],
            self.stage.plans[plan],
            does,
            code=None if promo is None else self.codes[promo],
            gift=None if gift is None else self._gift(gift),
        )

    @rule(who=WHO, does=DOES)
    def add_card(self, who: int, does: str) -> None:
        person, card = self._who(who), new_card(does)
        self._of(person, self.product.add_card(person, card), lambda at: self.town.add_card(person, card, at))

    @precondition(lambda self: self.people[0].cards)
    @rule()
    def remove_card(self) -> None:
        anna = self.people[0]
        card = anna.cards[-1]
        self._of(anna, self.product.remove_card(anna), lambda at: self.town.remove_card(anna, card, at))

    @precondition(lambda self: self.people[0].cards)
    @rule(does=DOES)
    def card_behaves(self, does: str) -> None:
        card = self.people[0].cards[-1]
        self.stage.do(self.product.card_does(card, does))
        card.does = does

    @precondition(lambda self: self.town.reportable())
    @rule(which=st.integers(0, 99), status=st.sampled_from(["SUCCEEDED", "SUCCEEDED", "FAILED"]))
    def report(self, which: int, status: str) -> None:
        """Of any payment by hand, the newest ones first; mostly of one that is waited for."""
        of, payment = _chosen(self.town.reportable(), which)
        bill, payer = self._bill_of(of, payment)
        self._ask(
            of,
            self.product.report(bill, payment, payer, status),
            lambda at: of.succeeded(payment, at) if status == "SUCCEEDED" else of.declined(payment, at),
        )

    @precondition(lambda self: self.town.to_be_confirmed())
    @rule(which=st.integers(0, 9), outcome=st.sampled_from(["succeeded", "succeeded", "failed"]))
    def confirm(self, which: int, outcome: str) -> None:
        of, payment = _chosen(self.town.to_be_confirmed(), which)
        self._ask(
            of,
            self.product.confirm(of, outcome),
            lambda at: of.succeeded(payment, at) if outcome == "succeeded" else of.declined(payment, at),
        )

    @precondition(lambda self: any(of.open for of in self._alive()))
    @rule(which=st.integers(0, 9))
    def pay(self, which: int) -> None:
        payer, bill = _chosen(self._bills(), which)
        of = self.town.of(bill)
        self._ask(of, self.product.pay(bill, payer), lambda at: of.pay(bill, at))

    @precondition(lambda self: any(bill.left.total for _, bill in self._bills()))
    @rule(which=st.integers(0, 9), cents=st.sampled_from([None, 1, 700, 2_500]))
    def refund(self, which: int, cents: int | None) -> None:
        payer, bill = _chosen(self._bills(), which)
        self._ask(
            self.town.of(bill),
            self.product.refund(bill, payer, cents),
            lambda _: bill.refund(bill.left.total if cents is None else cents, "staff"),
        )

    @precondition(lambda self: self._alive())
    @rule(who=WHO, gift=GIFTS)
    def redeem(self, who: int, gift: int) -> None:
        card = self._gift(gift)
        self._command(who, "redeem", {"gift_code": card.code}, lambda of, at: of.redeem(card, at))

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
            _assert_same(shown_facts_of_offer(quote), offered)

        if not self._ask(of, preview(), expected).is_success:
            return
        quoted_at = instant(quote["period_start"])
        self._command(
            who,
            "change-plan",
            {"plan_code": wanted.code, "quote": quote["quote"]},
            lambda of, at: of.change_plan(wanted, quote["when"], at, quoted_at),
        )

    @rule(who=WHO, name=st.sampled_from(["uncancel", "withdraw", "freeze", "unfreeze", "cancel", "members"]))
    def out_of_turn(self, who: int, name: str) -> None:
        """Mostly refused: in any state, by anybody."""
        commands: dict[str, Callable[[Subscription, datetime], object]] = {
            "uncancel": lambda of, at: of.uncancel(at),
            "withdraw": lambda of, at: of.withdraw(at),
            "freeze": lambda of, at: of.freeze(at),
            "unfreeze": lambda of, at: of.unfreeze(at),
            "cancel": lambda of, at: of.cancel(at, at_period_end=True),
        }
        if name == "members":
            self.invite(who)
        else:
            self._command(who, name, None, commands[name])

    # Families.

    @precondition(
        lambda self: (
            any(of.seats > 1 + len(of.members) for of in self._alive()) and len(self.town.invitations) < FEW
        )
    )
    @rule(who=WHO)
    def invite(self, who: int) -> None:
        of = self._target(self._who(who))
        answer = self._command(who, "members", None, self.town.check_invitation)
        if answer.is_success:
            body = answer.json()
            sent_at = instant(body["expires_at"]) - INVITATION_LIVES
            self.town.invitations.append(Invitation(of, body["token"], sent_at))

    @precondition(lambda self: any(of.seats > 1 for of in self._alive()) and self.town.invitations)
    @rule(who=st.sampled_from([0, 1, 1, 2, 2]), which=st.integers(0, 9))
    def accept(self, who: int, which: int) -> None:
        person, invitation = self.people[who], _chosen(self.town.invitations, which)
        self._ask(
            invitation.of,
            self.product.accept(person, invitation.token),
            lambda at: self.town.accept(person, invitation, at),
        )

    @precondition(lambda self: any(of.members for of in self._alive()))
    @rule(who=st.integers(0, 2), which=st.integers(0, 9))
    def leave(self, who: int, which: int) -> None:
        person, of = self.people[who], _chosen(self.town.invitations, which).of
        self._ask(of, self.product.command(person, of, "leave"), lambda _: of.leave(person))

    @precondition(lambda self: any(of.members for of in self._alive()))
    @rule(who=WHO, whom=st.integers(0, 2))
    def remove(self, who: int, whom: int) -> None:
        person, member = self._who(who), self.people[whom]
        of = self._target(person)

        def expected(_: datetime) -> None:
            refuse_if(of.owner is not person, "subscription_not_found")
            of.remove(member)

        self._ask(of, self.product.give_up_seat(person, of, member), expected)

    @precondition(lambda self: any(of.members for of in self._alive()))
    @rule(who=WHO, whom=st.integers(0, 2))
    def hand_on(self, who: int, whom: int) -> None:
        to = self.people[whom]
        body = {"user_id": self.product.students[to].id}
        self._command(who, "transfer", body, lambda of, at: self.town.hand_on(of, to, at))

    # Time.

    @precondition(lambda self: self._alive())
    @rule(which=st.sampled_from([0, 0, 0, 1]), hours=st.sampled_from([2, 25, 80, 24 * 6, 24 * 16, 24 * 33]))
    def time_passes(self, which: int, hours: int) -> None:
        self._pass(_chosen(self._alive(), which), timedelta(hours=hours))

    @precondition(lambda self: self._alive())
    @rule(which=st.sampled_from([0, 0, 0, 1]), later=st.sampled_from([-2, 1, 1, 24]), times=st.integers(1, 3))
    def the_next_date_comes(self, which: int, later: int, times: int) -> None:
        """Passes, or is near; several, one after the other."""
        of = _chosen(self._alive(), which)
        for _ in range(times):
            due = of.upcoming()
            if due is not None:
                self._pass(of, due.at + timedelta(hours=later) - self.stage.do(self.product.clock(of)))

    # What holds after every step.

    @invariant()
    def they_agree(self) -> None:
        for person in self.people if self.town.subscriptions else ():
            shown = self.stage.do(self.product.shown_bills(person))
            assert len(shown) == len(person.bills), (
                f"{len(person.bills)} invoices, and the product has {shown}"
            )
            for told, bill in zip(shown, person.bills, strict=True):
                _assert_same(told, facts_of_bill(bill))
            _assert_same(self.stage.do(self.product.shown_purse(person)), facts_of_purse(person.purse))
        for of in self.town.subscriptions:
            at = self._catch_up(of)
            _assert_alike(self.stage.do(self.product.shown(of)), facts_of(of, at))
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

    # How each step is made.

    def _start(
        self,
        person: Person,
        plan: Plan,
        does: str | None,
        *,
        code: PromoCode | None = None,
        gift: GiftCard | None = None,
        start_at: datetime | None = None,
    ) -> None:
        card = None if does is None else new_card(does)
        wanted: dict[str, Any] = {
            "payment_method": card and {"provider": "sandbox", "token": card.token},
            "promo_code": code and code.promo.code,
            "gift_code": gift and gift.code,
            "start_at": start_at and start_at.isoformat(),
        }
        answer = self.stage.do(self.product.start(person, plan, **wanted))
        at = instant(answer.json()["period_start"]) if answer.is_success else datetime.now(UTC)
        self._assert_answered(
            answer, lambda: self.town.start(person, plan, at, card=card, code=code, gift=gift)
        )
        if answer.is_success:
            started = self.town.subscriptions[-1]
            self.stage.do(self.product.keep(started, answer.json()["subscription_id"]))
            self._catch_up(started)

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
        event(told or "done")

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
        return _chosen(owners if owners and number < MOSTLY else self.people, number)

    def _target(self, person: Person) -> Subscription:
        """Theirs, or somebody else's."""
        return self.town.newest_of(person) or self.town.subscriptions[0]

    def _bills(self) -> list[tuple[Person, Bill]]:
        """Those that are open last."""
        bills = [(person, bill) for person in self.people for bill in person.bills]
        return sorted(bills, key=lambda each: each[1].status == "open")

    def _bill_of(self, of: Subscription, payment: Payment) -> tuple[Bill, Person]:
        bill = next(bill for bill in of.bills if payment in bill.payments)
        return bill, next(person for person in self.people if bill in person.bills)

    def _gift(self, which: int) -> GiftCard:
        """One that was issued before, a new one, or one that nobody ever issued."""
        if which == UNKNOWN:
            return GiftCard("7G3K-0XQ9-M2VD-4TPA", 0, redeemed_at=datetime.now(UTC))
        if which >= len(self.gifts):
            cents = GIFT_CENTS[len(self.gifts) % len(GIFT_CENTS)]
            self.gifts.append(GiftCard(self.stage.do(self.product.gift_code(cents)), cents))
        return self.gifts[min(which, len(self.gifts) - 1)]


def _chosen(options: list[Answer], which: int) -> Answer:
    """The newest first."""
    return options[-1 - which % len(options)]


def _assert_alike(shown: Facts, expected: Facts) -> None:
    """A step is taken when it is due or soon after it: dates of what follows are not to the microsecond."""
    for name in SOON_AFTER:
        told, due = shown[name], expected[name]
        if told and due and abs(told - due) < A_MOMENT:
            shown = shown | {name: due}
    _assert_same(shown, expected)


def _assert_same(shown: Facts, expected: Facts) -> None:
    differing = {name: (shown[name], told) for name, told in expected.items() if shown[name] != told}
    assert not differing, f"(the product's, the model's): {differing} of {shown}"
