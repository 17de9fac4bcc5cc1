"""Starts, cards, payments, refunds and gift cards: what moves money."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.clock_turn import instant
from tests.model.bill import Bill, Payment
from tests.model.catalogue import CATALOGUE, GIFT_CENTS, PROMOS, STARTS
from tests.model.person import Person
from tests.model.product import new_card
from tests.model.purse import GiftCard
from tests.model.steps import WHO, Steps, chosen
from tests.model.subscription import Subscription
from tests.model.terms import Plan, Promo, PromoCode

UNKNOWN = 9
GIFTS = st.sampled_from([0, 1, 2, 3, UNKNOWN])
STARTERS = st.sampled_from([0, 0, 1, 2])
PLANS = st.sampled_from([plan.code for plan in CATALOGUE])
DOES = st.sampled_from(["ok", "ok", "ok", "soft", "hard", "3ds"])


class MoneyRules(Steps):
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
        of, payment = chosen(self.town.reportable(), which)
        bill, payer = self._bill_of(of, payment)
        self._ask(
            of,
            self.product.report(bill, payment, payer, status),
            lambda at: of.succeeded(payment, at) if status == "SUCCEEDED" else of.declined(payment, at),
        )

    @precondition(lambda self: self.town.to_be_confirmed())
    @rule(which=st.integers(0, 9), outcome=st.sampled_from(["succeeded", "succeeded", "failed"]))
    def confirm(self, which: int, outcome: str) -> None:
        of, payment = chosen(self.town.to_be_confirmed(), which)
        self._ask(
            of,
            self.product.confirm(of, outcome),
            lambda at: of.succeeded(payment, at) if outcome == "succeeded" else of.declined(payment, at),
        )

    @precondition(lambda self: any(of.open for of in self._alive()))
    @rule(which=st.integers(0, 9))
    def pay(self, which: int) -> None:
        payer, bill = chosen(self._bills(), which)
        of = self.town.of(bill)
        self._ask(of, self.product.pay(bill, payer), lambda at: of.pay(bill, at))

    @precondition(lambda self: any(bill.left.total for _, bill in self._bills()))
    @rule(which=st.integers(0, 9), cents=st.sampled_from([None, 1, 700, 2_500]))
    def refund(self, which: int, cents: int | None) -> None:
        payer, bill = chosen(self._bills(), which)
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
