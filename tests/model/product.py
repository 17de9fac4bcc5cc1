"""The product that is held against the model: told what to do over HTTP, and asked what came of it."""

import uuid
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import httpx2

from db.queries import timeline
from tests.at_rest import check_money, clock_of, rests, state_of
from tests.book import workflow_id_of
from tests.client import Student, send_webhook
from tests.clock_turn import instant, turned
from tests.families import accept, somebody
from tests.gift_cards import issue
from tests.lives import Life, World
from tests.model.bill import BankCard, Bill, Payment
from tests.model.facts import Facts, shown_facts, shown_facts_of_bill, shown_facts_of_purse
from tests.model.person import Person
from tests.model.subscription import Subscription
from tests.model.terms import Plan, Promo
from tests.plans import plan_on_sale
from tests.staff import make_promo_code

TOKENS = {"ok": "tok_ok", "soft": "tok_insufficient_funds", "hard": "tok_stolen", "3ds": "tok_3ds"}
NONE_YET = 0


@dataclass
class Product:
    """`told` is the last entry of each timeline that was read."""

    world: World
    admin: Student
    students: dict[Person, Student] = field(default_factory=dict)
    lives: dict[Subscription, Life] = field(default_factory=dict)
    told: dict[Subscription, int] = field(default_factory=dict)

    async def begin(self, people: Sequence[Person]) -> None:
        """With new users. What was before is forgotten."""
        await self.admin.login()  # a long run outlives a token
        self.students = {person: await somebody(self.world) for person in people}
        self.lives, self.told = {}, {}

    async def start(self, person: Person, plan: Plan, **wanted: Any) -> httpx2.Response:
        return await self.students[person].start(plan.code, **wanted)

    async def keep(self, subscription: Subscription, subscription_id: int) -> None:
        """It was started: from now on it is asked for."""
        student = self.students[subscription.owner]
        workflow_id = await workflow_id_of(self.world.database, subscription_id)
        self.lives[subscription] = Life(self.world, student, subscription_id, NONE_YET, workflow_id)
        await rests(self.lives[subscription])
        await self.acted_at(subscription)

    async def does(
        self, subscription: Subscription, asked: Awaitable[httpx2.Response]
    ) -> tuple[httpx2.Response, datetime]:
        """The answer, and as of when it was done in the subscription's own time, once that is at rest."""
        answer = await asked
        await rests(self.lives[subscription])
        return answer, await self.acted_at(subscription)

    async def acted_at(self, subscription: Subscription) -> datetime:
        """The instant of the first that it tells since it was asked last; what begins anew names its own."""
        async with self.world.database.read() as connection:
            entries = await timeline.list_entries(
                connection,
                self.lives[subscription].subscription_id,
                after_id=self.told.get(subscription, NONE_YET),
            )
        if not entries:
            return await self.clock(subscription)
        self.told[subscription] = entries[-1].id
        began = [entry for entry in entries if entry.event == "reactivated"]
        return (began or entries)[0].occurred_at

    async def clock(self, subscription: Subscription) -> datetime:
        return (await clock_of(self.lives[subscription]).read()).now

    async def turn(self, subscription: Subscription, advance: str) -> datetime:
        """Where the clock stands then."""
        answer = await turned(self.admin, self.lives[subscription], advance)
        await self.acted_at(subscription)
        return instant(answer["advanced_to"])

    # What is asked for, by whom.

    async def command(
        self, person: Person, subscription: Subscription, name: str, body: Any = None
    ) -> httpx2.Response:
        path = f"/subscriptions/{self.lives[subscription].subscription_id}/{name}"
        return await self.students[person].post(path, body)

    async def give_up_seat(
        self, person: Person, subscription: Subscription, member: Person
    ) -> httpx2.Response:
        path = f"/subscriptions/{self.lives[subscription].subscription_id}/members/{self.students[member].id}"
        return await self.students[person].delete(path)

    async def accept(self, person: Person, token: str) -> httpx2.Response:
        return await accept(self.students[person], token)

    async def add_card(self, person: Person, card: BankCard) -> httpx2.Response:
        return await self.students[person].add_card(card.token)

    async def remove_card(self, person: Person) -> httpx2.Response:
        """The default."""
        student = self.students[person]
        first, *_ = (await student.get("/me/payment-methods")).json()
        return await student.delete(f"/me/payment-methods/{first['id']}")

    async def card_does(self, card: BankCard, does: str) -> None:
        await self.world.stack.psp.behave(card.token, TOKENS[does])

    async def pay(self, bill: Bill, person: Person) -> httpx2.Response:
        invoice = await self._invoice(bill, person)
        return await self.students[person].post(f"/invoices/{invoice['id']}/pay")

    async def report(self, bill: Bill, payment: Payment, person: Person, status: str) -> httpx2.Response:
        """What the provider tells of a payment by hand."""
        payment_id = (await self._payment(bill, payment, person))["id"]
        return await send_webhook(self.world.http, self.world.stack.webhook_secret, payment_id, status)

    async def confirm(self, subscription: Subscription, outcome: str) -> httpx2.Response:
        """What the payer does who was asked to."""
        psp = self.world.stack.psp
        charges = await psp.charges(self.lives[subscription].subscription_id)
        [pending] = [charge["id"] for charge in charges if charge["status"] == "pending"]
        return await psp.post(f"/v1/charges/{pending}/complete-action", {"outcome": outcome})

    async def refund(self, bill: Bill, person: Person, cents: int | None) -> httpx2.Response:
        invoice = await self._invoice(bill, person)
        body = {"amount_cents": cents, "reason": "the model asks for it"}
        return await self.admin.post(f"/admin/invoices/{invoice['id']}/refund", body)

    async def gift_code(self, cents: int) -> str:
        [code] = await issue(self.admin, cents)
        return code

    async def publish(self, promo: Promo, most: int | None) -> str:
        duration = {None: "forever", 1: "once"}.get(promo.periods, "repeating")
        off = (
            {"percent_off": promo.percent}
            if promo.percent
            else {"amount_off_cents": promo.cents, "currency": "EUR"}
        )
        repeated = {"duration_periods": promo.periods} if duration == "repeating" else {}
        return await make_promo_code(
            self.admin,
            duration=duration,
            max_redemptions=most,
            plan_codes=list(promo.plan_codes),
            **off,
            **repeated,
        )

    # What is seen.

    async def shown(self, subscription: Subscription) -> Facts:
        path = f"/subscriptions/{self.lives[subscription].subscription_id}"
        return shown_facts((await self.students[subscription.owner].get(path)).json())

    async def shown_members(self, subscription: Subscription) -> set[int]:
        path = f"/subscriptions/{self.lives[subscription].subscription_id}/members"
        body = (await self.students[subscription.owner].get(path)).json()
        return {member["user_id"] for member in body["members"]}

    async def has_access(self, person: Person) -> bool:
        return (await self.students[person].get("/content/modules")).is_success

    async def shown_bills(self, person: Person) -> list[Facts]:
        return [shown_facts_of_bill(invoice) for invoice in await self._invoices(person)]

    async def shown_purse(self, person: Person) -> Facts:
        return shown_facts_of_purse((await self.students[person].get("/me/purse")).json())

    async def redemptions(self, promo_code: str) -> int:
        body = (await self.admin.get(f"/admin/promo-codes/{promo_code}")).json()
        count: int = body["redemption_count"]
        return count

    async def check_money(self, subscription: Subscription) -> None:
        life = self.lives[subscription]
        await check_money(life, await state_of(life))

    async def _invoices(self, person: Person) -> list[Facts]:
        """The oldest first."""
        page = (await self.students[person].get("/invoices", limit=100)).json()
        assert page["next_cursor"] is None
        return list(reversed(page["items"]))

    async def _invoice(self, bill: Bill, person: Person) -> Facts:
        return (await self._invoices(person))[person.bills.index(bill)]

    async def _payment(self, bill: Bill, payment: Payment, person: Person) -> Facts:
        payments: list[Facts] = (await self._invoice(bill, person))["payments"]
        return payments[bill.payments.index(payment)]


def new_card(does: str) -> BankCard:
    """One that nobody else has, which does something else only when it is told to."""
    return BankCard(f"{TOKENS[does]}-{uuid.uuid4().hex}", does)


@asynccontextmanager
async def on_sale(admin: Student, catalogue: Sequence[Plan]) -> AsyncIterator[dict[str, Plan]]:
    """These plans under codes of their own, while they are needed; by the codes that they have here."""
    async with AsyncExitStack() as stack:
        sold = {}
        for plan in catalogue:
            terms = {
                "price_cents": plan.cents,
                "seats": plan.seats,
                "trial_days": plan.trial_days,
                "grace_days": plan.grace_days,
                "freeze_days_per_year": plan.freeze_days,
                "dunning": {"retry_days": list(plan.retry_days), "final_action": plan.final_action},
            }
            iso = f"P{plan.days}D" if plan.days else f"P{plan.months}M"
            code = await stack.enter_async_context(plan_on_sale(admin, iso, **terms))
            sold[plan.code] = replace(plan, code=code)
        yield sold
