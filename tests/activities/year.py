"""A subscription lived through by hand: its due dates as its workflow would take them, commands by chance.

`COMMANDS` is the table of what a customer, a bank or staff may do on any day; what the rules refuse is not
done.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import Any

from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.charge_payment import ChargePaymentActivities
from activities.contracts import CollectPayment, SendRefund, Settled
from activities.send_refund import SendRefundActivities
from domain import ending, parking, pausing, renewing
from domain.changing import When
from domain.due import Step, due_by, next_step
from domain.due_changes import change_due
from domain.lifecycle import Change
from domain.payment import ReportedStatus
from domain.refusals import Refused
from domain.subscription import SubscriptionState
from payments.providers import Providers
from tests.activities.announced import assert_announced_as_it_is
from tests.activities.customer import Customer, payment_under_way
from tests.activities.refunding import open_refund, refund_invoice
from tests.db.promo_codes import publish
from tests.purse import issue_gift_card

CARDS = ("ok", "ok", "ok", "decline_1_then_ok", "decline_1_then_ok", "insufficient_funds", "stolen")
BY_CARD = 0.6
LONGEST_QUIET_DAYS = 25
CALM_DAYS = 120
MOSTLY = 0.7
A_START_LIVES_DAYS = 0.95
SURPLUS_CENTS = 100
GIFTS_CENTS = (500, 2_000, 5_000)
WITHOUT_A_CODE = 0.5
WITH_A_GIFT = 0.3
A_GIFT_LIVES = timedelta(days=60)
PROMOS: tuple[dict[str, Any], ...] = (
    {"percent_off": 33, "duration": "forever"},
    {"percent_off": 100, "duration": "once"},
    {
        "percent_off": None,
        "amount_off_cents": 500,
        "currency": "EUR",
        "duration": "repeating",
        "duration_periods": 3,
    },
)


class NotTodayError(Exception):
    """There is nothing that the command could be for."""


class LivedSubscription:
    """One at a time of one customer: when it has ended, the next command may start another."""

    def __init__(
        self,
        customer: Customer,
        providers: Providers,
        chance: Random,
        at: datetime,
        *,
        plans: Sequence[str],
        is_calm: bool = False,
    ) -> None:
        """`plans` are the codes that are chosen from: one that is there twice is chosen twice as often.

        A calm one leaves what runs alone for longer, and begins anew soon after an end.
        """
        self.customer = customer
        self.chance = chance
        self.plans = plans
        self.is_calm = is_calm
        self.now = at
        self.state: SubscriptionState | None = None
        self._starts = 0
        self._providers = providers
        self._charges = ChargePaymentActivities(customer.database, providers)

    @property
    def live(self) -> SubscriptionState:
        """Raises `NotTodayError` when there is none: no command is for what has ended."""
        if self.state is None or self.state.has_ended:
            raise NotTodayError("nothing lives")
        return self.state

    async def live_until(self, end: datetime) -> None:
        while self.now < end:
            is_near = self._asks_a_person or (self.is_calm and self._has_ended)
            most_days = A_START_LIVES_DAYS if is_near else self._quiet_days
            until = min(end, self.now + timedelta(days=self.chance.uniform(0.1, most_days)))
            await self._take_due_steps(until)
            self.now = until
            names, weights = zip(*((command, weight) for command, weight in COMMANDS.items()), strict=True)
            [command] = self.chance.choices(names, weights)
            with suppress(Refused, NotTodayError):
                await command(self)
            # What a refund of an earlier subscription puts into the purse is announced with the next change.
            if self.state is not None and self._starts == 1:
                await assert_announced_as_it_is(self.customer, self.state, self.now)
        await self._take_due_steps(end)  # what the last command has made due

    async def start(self) -> None:
        if self.state is not None and not self.state.is_finished:
            raise NotTodayError("one lives already")
        by_card = self.is_calm or self.chance.random() < BY_CARD
        method_id = await self.a_card() if by_card else None
        opened = await self.customer.start(
            self.chance.choice(self.plans),
            at=self.now,
            method_id=method_id,
            promo_code=await self._a_promo_code(),
            gift_code_hash=await self.a_gift_card() if self.chance.random() < WITH_A_GIFT else None,
            starts_per_hour=1_000,
        )
        self.state = opened.state
        self._starts += 1

    async def change_plan(self, plan_code: str, when: When | None) -> None:
        """Raises `ApplicationError` when the rules say no. Reports of what makes way are settled before."""
        changed = await self.customer.change_plan(
            self.live, plan_code, self.now, when=when, command_id=f"{self.now.timestamp()}"
        )
        self.state = changed.state

    async def record(self, change: Change | None) -> None:
        if change is None:
            return
        recorded = await self.customer.record(change, at=self.now)
        self.state = recorded.state
        await self.send(*recorded.unsent_refund_ids)

    async def report(self, payment_id: int, status: ReportedStatus, **fields: int | str | None) -> None:
        """What a provider tells, stored and settled."""
        await self.customer.report(payment_id, status, **fields)  # type: ignore[arg-type]
        await self.customer.settle_all(self.now)
        if self.state is not None:
            self.state = await self.customer.load(self.state.subscription_id)
            await self.send(*await self._unsent())

    async def send(self, *refund_ids: int) -> None:
        activities = SendRefundActivities(self.customer.database, self._providers)
        for refund_id in refund_ids:
            await ActivityEnvironment().run(activities.send_refund, SendRefund(refund_id, self.now))

    async def a_payment(self) -> tuple[int, str, str | None]:
        """One that was received, by chance: its id, provider and the provider's own reference."""
        received = await self.customer.rows(
            "SELECT p.id, p.provider, p.reference FROM payments p JOIN invoices i ON i.id = p.invoice_id"
            " WHERE i.user_id = :user_id AND p.status = 'succeeded' ORDER BY p.id"
        )
        if not received:
            raise NotTodayError("nothing was received")
        payment = self.chance.choice(received)
        return payment["id"], payment["provider"], payment["reference"]

    async def a_card(self) -> int:
        """Some of them are declined; those of a calm one seldom."""
        is_good = self.is_calm and self.chance.random() < MOSTLY
        return await self.customer.card("ok" if is_good else self.chance.choice(CARDS))

    async def a_gift_card(self) -> str:
        """One that pays a part of an invoice, or several of them; now and then one that expires unspent."""
        expires_at = self.now + A_GIFT_LIVES if self.chance.random() < WITH_A_GIFT else None
        cents = self.chance.choice(GIFTS_CENTS)
        return await issue_gift_card(self.customer.database, cents, self.now, expires_at=expires_at)

    async def _a_promo_code(self) -> str | None:
        """One of its own, or none: half of all starts have one."""
        if self.chance.random() < WITHOUT_A_CODE:
            return None
        async with self.customer.database.transaction() as connection:
            return await publish(connection, **self.chance.choice(PROMOS))

    @property
    def _quiet_days(self) -> float:
        return CALM_DAYS if self.is_calm else LONGEST_QUIET_DAYS

    @property
    def _has_ended(self) -> bool:
        return self.state is None or self.state.has_ended

    @property
    def _asks_a_person(self) -> bool:
        attempt = self.state.attempt if self.state else None
        return attempt is not None and attempt.method_id is None

    async def _unsent(self) -> list[int]:
        rows = await self.customer.rows(
            "SELECT r.id FROM refunds r JOIN payments p ON p.id = r.payment_id"
            " JOIN invoices i ON i.id = p.invoice_id WHERE i.user_id = :user_id AND r.status = 'created'"
            " ORDER BY r.id"
        )
        return [row["id"] for row in rows]

    async def _take_due_steps(self, until: datetime) -> None:
        while self.state is not None and (upcoming := next_step(self.state)) and upcoming.at <= until:
            self.now = max(self.now, upcoming.at)
            due = due_by(self.state, self.now)
            if due is None:
                raise AssertionError(f"{upcoming} is due and is not: {self.state}")
            await self._take(due.step, self.state)

    async def _take(self, step: Step, state: SubscriptionState) -> None:
        match step:
            case Step.OPEN_RENEWAL | Step.RENEW:
                self.state = await self.customer.open_period(state, self.now)
            case Step.CHARGE_METHOD | Step.RETRY_PAYMENT:
                method_id = state.payment_method_id
                self.state = await self.customer.open_attempt(state, self.now, method_id=method_id)
            case Step.COLLECT:
                await self._ask(self._charges.collect_payment, payment_under_way(state))
            case Step.LOOK_UP_PAYMENT:
                await self._ask(self._charges.look_up_payment, payment_under_way(state))
            case Step.WITHDRAW_PAYMENT if state.withdrawing_payment_id is not None:
                await self._ask(self._charges.withdraw_payment, state.withdrawing_payment_id)
            case _:
                await self.record(change_due(state, self.now))

    async def _ask(self, ask: Callable[[CollectPayment], Awaitable[Settled]], payment_id: int) -> None:
        command = CollectPayment(payment_id, "8" * 32, self.now)
        settled = await ActivityEnvironment().run(ask, command)
        self.state = settled.state
        await self.send(*settled.unsent_refund_ids)


Command = Callable[[LivedSubscription], Awaitable[None]]


async def nothing(life: LivedSubscription) -> None:
    del life


async def start(life: LivedSubscription) -> None:
    await life.start()


async def pay_by_hand(life: LivedSubscription) -> None:
    """Mostly the sum, now and then more; a failure told before it, now and then."""
    attempt = life.live.attempt
    if attempt is None or attempt.method_id is not None:
        raise NotTodayError("nobody is asked to pay by hand")
    if life.chance.random() < 0.2:
        await life.report(attempt.payment_id, ReportedStatus.FAILED)
    asked = await life.customer.rows(
        "SELECT p.id, p.amount_cents FROM payments p JOIN invoices i ON i.id = p.invoice_id"
        " WHERE i.user_id = :user_id"
    )
    [cents] = [row["amount_cents"] for row in asked if row["id"] == attempt.payment_id]
    surplus_cents = SURPLUS_CENTS if life.chance.random() < 0.1 else 0
    await life.report(attempt.payment_id, ReportedStatus.SUCCEEDED, amount_cents=cents + surplus_cents)


async def choose_card(life: LivedSubscription) -> None:
    state = life.live
    await life.record(renewing.payment_method_set(state, await life.a_card()))
    if renewing.is_collectable(life.live):
        method_id = life.live.payment_method_id
        life.state = await life.customer.open_attempt(
            life.live, life.now, method_id=method_id, is_automatic=False
        )


async def cancel(life: LivedSubscription) -> None:
    at_period_end = life.chance.random() < 0.7
    await life.record(ending.cancel(life.live, at_period_end=at_period_end, at=life.now))


async def uncancel(life: LivedSubscription) -> None:
    await life.record(ending.uncancel(life.live))


async def withdraw(life: LivedSubscription) -> None:
    await life.record(ending.withdraw(life.live, life.now))


async def freeze(life: LivedSubscription) -> None:
    until = life.now + timedelta(days=life.chance.randint(1, 14)) if life.chance.random() < 0.5 else None
    await life.record(pausing.freeze(life.live, until=until, at=life.now))


async def unfreeze(life: LivedSubscription) -> None:
    await life.record(pausing.unfreeze(life.live, life.now))


async def refund(life: LivedSubscription) -> None:
    payment_id, *_ = await life.a_payment()
    cents = life.chance.choice((None, 1, 500, 990))
    key = f"payment:{payment_id}:staff:{life.now.timestamp():.0f}"
    try:
        refund_id = await open_refund(life.customer, payment_id, cents, key)
    except ApplicationError as refused:
        raise NotTodayError from refused
    await life.send(refund_id)


async def charge_back(life: LivedSubscription) -> None:
    """At the bank first, where the payment was by card; then it is told, now and then twice."""
    payment_id, provider, reference = await life.a_payment()
    cents: int | None = life.chance.choice((None, 500))
    if provider == "sandbox":
        if life.customer.psp is None or reference is None:
            raise NotTodayError("the provider has no name for it")
        path = f"/v1/control/charges/{reference}/charge-back"
        answer = await life.customer.psp.post(path, {} if cents is None else {"amount_cents": cents})
        if not answer.is_success:
            raise NotTodayError("nothing is left of it")
        cents = answer.json()["charged_back_cents"]
    for _ in range(life.chance.choice((1, 1, 2))):
        await life.report(payment_id, ReportedStatus.CHARGEBACK, amount_cents=cents, provider=provider)


async def receive_a_gift(life: LivedSubscription) -> None:
    """Redeemed on what runs; a card that the rules refuse stays nobody's."""
    try:
        await life.customer.redeem(life.live, await life.a_gift_card(), life.now)
    except ApplicationError as refused:
        raise NotTodayError from refused


async def change_plan(life: LivedSubscription) -> None:
    """Up, down, at once, later, back again: what the rules refuse is not done."""
    when = life.chance.choice((None, None, When.NOW, When.PERIOD_END))
    try:
        await life.change_plan(life.chance.choice(life.plans), when)
    except ApplicationError as refused:
        raise NotTodayError from refused


async def refund_an_invoice(life: LivedSubscription) -> None:
    """To each tender, in full or in part."""
    invoices = await life.customer.rows(
        "SELECT id FROM invoices WHERE user_id = :user_id AND status = 'paid' ORDER BY id"
    )
    if not invoices:
        raise NotTodayError("nothing was paid")
    key, cents = f"{life.now.timestamp():.0f}", life.chance.choice((None, 1, 700))
    try:
        refund_id = await refund_invoice(life.customer, life.chance.choice(invoices)["id"], cents, key)
    except ApplicationError as refused:
        raise NotTodayError from refused
    if refund_id is not None:
        await life.send(refund_id)


async def unpark(life: LivedSubscription) -> None:
    await life.record(parking.unpark(life.live, life.now))


COMMANDS: dict[Command, int] = {
    nothing: 2,
    start: 8,
    pay_by_hand: 14,
    choose_card: 5,
    cancel: 1,
    uncancel: 2,
    withdraw: 1,
    freeze: 2,
    unfreeze: 2,
    refund: 2,
    charge_back: 1,
    receive_a_gift: 2,
    change_plan: 4,
    refund_an_invoice: 1,
    unpark: 8,
}
"""With how often each is tried, against the others."""
