"""A customer, who wants one thing after the other: mostly what makes sense for how things stand."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import httpx2

from payments.signed_webhook import sign
from tests.chaos.history import Operation, Outcome
from tests.chaos.market import Market
from tests.client import Student
from tests.families import FAMILY_PLAN
from tests.races.commands import card
from tests.stack import WEBHOOK_SECRET

SHORTEST_PAUSE, LONGEST_PAUSE = 0.05, 0.5
FEWEST_WISHES, MOST_WISHES = 6, 18
MOST_COPIES = 3
SOON_SECONDS = 1.0

CARDS = (
    *("tok_ok",) * 8,
    *("tok_insufficient_funds", "tok_decline_1_then_ok", "tok_decline_2_then_ok", "tok_stolen"),
    *("tok_3ds_ok", "tok_3ds_fail", "tok_3ds", "tok_slow"),
    *("tok_answer_lost", "tok_answer_lost_declined", "tok_request_lost", "tok_refund_answer_lost"),
)
PLANS = (*("P30D",) * 4, "P6M", "P1Y", *(FAMILY_PLAN,) * 4)
NEWEST = 5
CODE_IS_LEFT_SHARE = 0.3
"""So often a gift code stays in circulation for somebody else to try, too."""

TURNS = ("PT12H", "P1D", "P7D", "P15D", "P31D", "P31D", "P45D")

Wish = Callable[[], Awaitable[object]]


@dataclass
class Customer:
    market: Market
    student: Student
    subscription: dict[str, Any] = field(default_factory=dict)
    _events: list[bytes] = field(default_factory=list)

    @classmethod
    async def comes(cls, market: Market) -> "Customer":
        """Signs up anew when the answer was lost: nobody knows then whether there is an account."""
        student = Student(
            market.desk.doors[0],
            email=f"chaos-{uuid.uuid4().hex}@italiano.example",
            password=f"tre tigri {uuid.uuid4().hex[:12]}",
        )
        person = {"email": student.email, "password": student.password}
        signed_up = await market.desk.ask("sign up", student, "/auth/signup", person, keyed=False)
        assert signed_up.outcome is Outcome.DONE or signed_up.code == "email_taken", signed_up
        logged_in = await market.desk.ask("log in", student, "/auth/login", person, keyed=False)
        assert logged_in.outcome is Outcome.DONE, logged_in
        student.access_token = logged_in.answer["access_token"]
        me = await market.desk.ask("read", student, "/auth/me", method="GET", keyed=False)
        student.id = me.answer["id"]
        return cls(market, student)

    async def live(self) -> None:
        """Until it is enough, or the market closes."""
        dice = self.market.dice
        for _ in range(dice.randint(FEWEST_WISHES, MOST_WISHES)):
            if self.market.is_closed:
                return
            await self._look()
            await dice.choice(self._wishes())()
            await asyncio.sleep(dice.uniform(SHORTEST_PAUSE, LONGEST_PAUSE))
        self.market.gone.append(self.student)

    async def _look(self) -> None:
        mine = await self._ask("read", "/me/subscription", method="GET")
        if mine.outcome is Outcome.DONE:
            self.subscription = mine.answer
            invoices = await self._ask("read", "/invoices", method="GET")
            for invoice in invoices.answer["items"] if invoices.outcome is Outcome.DONE else []:
                self.market.invoices.append(invoice["id"])
                self.market.payments += [payment["id"] for payment in invoice["payments"]]

    def _wishes(self) -> Sequence[Wish]:
        """By the status that they saw a moment ago."""
        anything = [self._anything]
        match self.subscription.get("status"):
            case "incomplete":
                return [self.pay_by_hand, self.pay_by_hand, self.add_card, self.cancel, self.start, *anything]
            case "active" | "trialing":
                return [*self._while_active(), *anything]
            case "past_due" | "unpaid":
                return [self.pay_invoice, self.pay_by_hand, self.add_card, self.turn_clock, *anything]
            case "frozen":
                return [self.unfreeze, self.turn_clock, self.cancel, *anything]
            case _:
                return [self.start, self.start, self.start, self.join]

    def _while_active(self) -> Sequence[Wish]:
        shares = self.subscription.get("plan_code") == FAMILY_PLAN
        return [
            *((self.invite,) * 4 + (self.hand_on,) * 3 if shares else ()),
            *(self.turn_clock,) * 5,
            *(self.change_plan,) * 3,
            *(self.freeze, self.freeze, self.cancel, self.cancel, self.uncancel, self.withdraw),
            *(self.redeem, self.add_card, self.forget_card, self.pay_by_hand, self.invite),
            *(self.join, self.confirm, self.read_purse),
        ]

    async def _anything(self) -> None:
        """Whether it makes sense or not."""
        await self.market.dice.choice([*self._while_active(), self.start, self.unfreeze, self.pay_invoice])()

    # What they can want.

    async def start(self) -> None:
        dice, market = self.market.dice, self.market
        body: dict[str, Any] = {"plan_code": dice.choice(PLANS)}
        if dice.random() < 0.75:
            body["payment_method"] = {"provider": "sandbox", "token": self._card()}
        if market.promo_codes and dice.random() < 0.35:
            body["promo_code"] = dice.choice(market.promo_codes[-NEWEST:])
        if market.gift_codes and dice.random() < 0.3:
            body["gift_code"] = self._gift_code()
        started = await self._ask("start", "/subscriptions/start", body)
        if started.outcome is Outcome.DONE:
            market.payers[started.answer["subscription_id"]] = self.student

    async def pay_by_hand(self) -> None:
        """As the provider of somebody who pays by hand reports it: often, and in any order."""
        for payment in await self._payments(lambda one: one["provider"] == "mock"):
            facts = self.market.dice.choice(
                [["SUCCEEDED"], ["SUCCEEDED"], ["FAILED"], ["FAILED", "SUCCEEDED"], ["SUCCEEDED", "FAILED"]]
            )
            bodies = [self._report(payment["id"], fact) for fact in facts]
            copies = bodies * self.market.dice.randint(1, MOST_COPIES)
            self.market.dice.shuffle(copies)
            await asyncio.gather(*(self._tell(body) for body in copies))
            return

    async def pay_invoice(self) -> None:
        open_invoices = await self._invoices("open")
        if open_invoices:
            own = {"payment_method": {"provider": "sandbox", "token": self._card()}}
            body = own if self.market.dice.random() < 0.5 else {}
            await self._ask("pay invoice", f"/invoices/{open_invoices[0]['id']}/pay", body)

    async def add_card(self) -> None:
        await self._ask("add card", "/me/payment-methods", {"provider": "sandbox", "token": self._card()})

    async def forget_card(self) -> None:
        stored = await self._ask("read", "/me/payment-methods", method="GET")
        for method in (stored.answer or [])[:1]:
            path = f"/me/payment-methods/{method['id']}"
            await self._ask("forget card", path, method="DELETE")

    async def cancel(self) -> None:
        await self._order("cancel", {"at_period_end": self.market.dice.random() < 0.7})

    async def uncancel(self) -> None:
        await self._order("uncancel")

    async def freeze(self) -> None:
        await self._order("freeze")

    async def unfreeze(self) -> None:
        await self._order("unfreeze")

    async def withdraw(self) -> None:
        await self._order("withdraw")

    async def change_plan(self) -> None:
        when = self.market.dice.choice([None, None, "now", "period_end"])
        body = {"plan_code": self.market.dice.choice(PLANS)} | ({} if when is None else {"when": when})
        await self._order("change-plan", body)

    async def redeem(self) -> None:
        if self.market.gift_codes:
            await self._order("redeem", {"gift_code": self._gift_code()})

    async def turn_clock(self) -> None:
        """By staff, and of this subscription alone."""
        subscription_id = self.subscription.get("subscription_id")
        if subscription_id is not None:
            await self.market.desk.ask(
                "turn clock",
                self.market.admin,
                f"/admin/subscriptions/{subscription_id}/clock",
                {"advance": self.market.dice.choice(TURNS)},
            )

    async def invite(self) -> None:
        invited = await self._order("invite", path="members")
        if invited is not None and invited.outcome is Outcome.DONE:
            self.market.invitations.append(invited.answer["token"])

    async def join(self) -> None:
        if self.market.invitations:
            token = self.market.invitations.pop(self.market.dice.randrange(len(self.market.invitations)))
            joined = await self._ask("join", f"/invitations/{token}/accept")
            if joined.outcome is Outcome.DONE:
                joined.subscription_id = joined.answer["subscription_id"]
                if self.market.dice.random() < 0.3:
                    path = f"/subscriptions/{joined.subscription_id}/leave"
                    await self._ask("leave", path, of=joined.subscription_id)

    async def hand_on(self) -> None:
        subscription_id = self.subscription.get("subscription_id")
        family = await self._ask("read", f"/subscriptions/{subscription_id}/members", method="GET")
        members = family.answer["members"] if family.outcome is Outcome.DONE else []
        if members:
            await self._order("transfer", {"user_id": self.market.dice.choice(members)["user_id"]})

    async def confirm(self) -> None:
        """What the bank asks of them, for a charge that waits for it."""
        subscription_id = self.subscription.get("subscription_id")
        if subscription_id is None:
            return
        with suppress(httpx2.HTTPError):  # it may be away
            for charge in await self.market.plant.psp.charges(subscription_id):
                if charge["status"] == "pending":
                    outcome = self.market.dice.choice(["succeeded", "failed"])
                    path = f"/v1/charges/{charge['id']}/complete-action"
                    await self.market.plant.psp.post(path, {"outcome": outcome})

    async def read_purse(self) -> None:
        await self._ask("read", "/me/purse", method="GET")

    # How they ask.

    def _gift_code(self) -> str:
        codes = self.market.gift_codes
        place = self.market.dice.randrange(len(codes))
        is_left = self.market.dice.random() < CODE_IS_LEFT_SHARE
        return codes[place] if is_left else codes.pop(place)

    def _card(self) -> str:
        return card(self.market.dice.choice(CARDS))

    async def _ask(
        self, kind: str, path: str, body: Any = None, *, method: str = "POST", of: int | None = None
    ) -> Operation:
        return await self.market.desk.ask(
            kind, self.student, path, body, method=method, keyed=method == "POST", of=of
        )

    async def _order(self, kind: str, body: Any = None, *, path: str | None = None) -> Operation | None:
        subscription_id = self.subscription.get("subscription_id")
        if subscription_id is None:
            return None
        rest = f"/subscriptions/{subscription_id}/{path or kind}"
        return await self._ask(kind, rest, body, of=subscription_id)

    async def _invoices(self, status: str) -> list[dict[str, Any]]:
        listed = await self._ask("read", f"/invoices?status={status}", method="GET")
        items: list[dict[str, Any]] = listed.answer["items"] if listed.outcome is Outcome.DONE else []
        return items

    async def _payments(self, of: Callable[[dict[str, Any]], bool]) -> list[dict[str, Any]]:
        listed = await self._ask("read", "/invoices", method="GET")
        invoices = listed.answer["items"] if listed.outcome is Outcome.DONE else []
        return [payment for invoice in invoices for payment in invoice["payments"] if of(payment)]

    def _report(self, payment_id: int, status: str) -> bytes:
        event = {"payment_id": payment_id, "status": status, "provider": "mock", "event_id": uuid.uuid4().hex}
        return json.dumps(event).encode()

    async def _tell(self, body: bytes) -> None:
        await asyncio.sleep(self.market.dice.uniform(0, SOON_SECONDS))
        await self.market.desk.report(self.student, body, sign(WEBHOOK_SECRET, body))
