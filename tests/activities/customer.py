"""A user whose subscriptions the activities act on, as their workflows would call them."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text
from temporalio.testing import ActivityEnvironment

from activities.charge_payment import ChargePaymentActivities
from activities.contracts import (
    Cause,
    CollectPayment,
    LoadSubscription,
    OpenAttempt,
    OpenedSubscription,
    OpenPeriod,
    OpenPlanChange,
    OpenSubscription,
    RecordedSubscription,
    RecordSubscription,
    RedeemGiftCard,
    Settled,
    SettlePayment,
    StartOrder,
)
from activities.load_subscription import LoadSubscriptionActivity
from activities.open_attempt import OpenAttemptActivity
from activities.open_period import OpenPeriodActivity
from activities.open_plan_change import OpenPlanChangeActivity
from activities.open_subscription import OpenSubscriptionActivity
from activities.record_subscription import RecordSubscriptionActivity
from activities.redeem_gift_card import RedeemGiftCardActivity
from activities.settle_payment import SettlePaymentActivity
from db.database import Database
from db.queries import payment_reports
from db.queries.payment_reports import IncomingReport, ReportStatus
from db.tables.accounts import User
from db.tables.payment_methods import PaymentMethod
from domain.changing import When
from domain.lifecycle import Change
from domain.payment import PaymentFact, ReportedStatus
from domain.plan_choice import Quote
from domain.refund import WithdrawalRule
from domain.renewing import payment_method_set
from domain.subscription import SubscriptionState
from payments.manual_mock import ManualMock
from payments.providers import Providers
from tests.activities.life import LifeBooks, read_life
from tests.book import Book, read_book
from tests.db.rows import insert_row
from tests.gift_cards import put_card
from tests.psp import SandboxPsp

STARTED_AT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
PERIOD_END = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PAID_AT = datetime(2026, 1, 31, 9, 45, tzinfo=UTC)
IN_THE_PERIOD = datetime(2026, 2, 10, 12, tzinfo=UTC)
A_DAY = timedelta(days=1)

START_TRACE = "5" * 32
REPORT_TRACE = "6" * 32
COMMAND_TRACE = "7" * 32
CHARGE_TRACE = "8" * 32


class Customer:
    """`psp` is where cards are charged; a test without one has no cards."""

    def __init__(self, database: Database, user_id: int, psp: SandboxPsp | None) -> None:
        self.database = database
        self.user_id = user_id
        self.psp = psp

    @classmethod
    async def signup(cls, database: Database, psp: SandboxPsp | None = None) -> "Customer":
        async with database.transaction() as connection:
            return cls(database, await insert_row(connection, User), psp)

    @property
    def cause(self) -> Cause:
        return Cause(f"user:{self.user_id}", "asked for it", COMMAND_TRACE)

    @property
    def due(self) -> Cause:
        return Cause("system", "due", START_TRACE)

    async def start(
        self,
        plan_code: str = "P30D",
        *,
        key: str | None = None,
        request_hash: str = "hash",
        at: datetime = STARTED_AT,
        starts_per_hour: int = 20,
        method_id: int | None = None,
        promo_code: str | None = None,
        gift_code_hash: str | None = None,
    ) -> OpenedSubscription:
        """By default under a key that nobody used."""
        key = key or uuid.uuid4().hex
        cause = Cause(f"user:{self.user_id}", "start", START_TRACE)
        order = StartOrder(
            self.user_id,
            key,
            request_hash,
            plan_code,
            cause,
            method_id,
            promo_code=promo_code,
            gift_code_hash=gift_code_hash,
        )
        activity = OpenSubscriptionActivity(self.database, starts_per_hour)
        return await ActivityEnvironment().run(
            activity.open_subscription, OpenSubscription(order, self.workflow_id(key), at)
        )

    def workflow_id(self, key: str) -> str:
        return f"{self.user_id}:{key}"

    async def report(
        self,
        payment_id: int | None,
        status: ReportedStatus = ReportedStatus.SUCCEEDED,
        *,
        amount_cents: int | None = None,
        currency: str | None = None,
        decline_code: str | None = None,
        provider: str = "mock",
    ) -> int:
        """What the webhook does: it only stores the report. Returns its id."""
        assert payment_id is not None
        report = IncomingReport(
            provider=provider,
            event_id=uuid.uuid4().hex,
            payment_id=payment_id,
            fact=PaymentFact(status, amount_cents, currency),
            decline_code=decline_code,
            occurred_at=None,
            raw_body=b"{}",
            trace_id=REPORT_TRACE,
        )
        async with self.database.transaction() as connection:
            report_id = await payment_reports.store_report(connection, report, ReportStatus.RECEIVED)
        assert report_id is not None
        return report_id

    async def settle(self, report_id: int, at: datetime = PAID_AT) -> SubscriptionState:
        return (await self.settle_whole(report_id, at)).state

    async def settle_whole(self, report_id: int, at: datetime = PAID_AT) -> Settled:
        activity = SettlePaymentActivity(self.database)
        return await ActivityEnvironment().run(activity.settle_payment, SettlePayment(report_id, at))

    async def settle_all(self, at: datetime) -> None:
        """What the relay does: as long as a report waits to be delivered, it is."""
        query = (
            "SELECT w.id FROM webhook_inbox w JOIN payments p ON p.id = w.payment_id"
            " JOIN invoices i ON i.id = p.invoice_id"
            " WHERE i.user_id = :user_id AND w.status = 'received' ORDER BY w.id"
        )
        while waiting := await self.rows(query):
            for report in waiting:
                await self.settle(report["id"], at)

    async def start_and_pay(self, plan_code: str = "P30D") -> SubscriptionState:
        opened = await self.start(plan_code)
        return await self.settle(await self.report(opened.answer.payment_id))

    async def record(
        self,
        change: Change | None,
        at: datetime = IN_THE_PERIOD,
        withdrawal: WithdrawalRule = WithdrawalRule.FULL,
    ) -> RecordedSubscription:
        assert change is not None
        activity = RecordSubscriptionActivity(self.database, withdrawal)
        command = RecordSubscription(change, self.cause, at)
        return await ActivityEnvironment().run(activity.record_subscription, command)

    async def card(self, kind: str = "ok") -> int:
        """A card nobody else has, stored; what it does when charged is in its token."""
        async with self.database.transaction() as connection:
            return await insert_row(
                connection, PaymentMethod, user_id=self.user_id, token=f"tok_{kind}-{uuid.uuid4().hex}"
            )

    async def gift_card(self, amount_cents: int = 5_000, **fields: Any) -> tuple[int, str]:
        """Id and hash of a card that nobody has redeemed, unless `fields` of its row say otherwise."""
        async with self.database.transaction() as connection:
            return await put_card(connection, amount_cents, **fields)

    async def redeem(self, state: SubscriptionState, code_hash: str, at: datetime = IN_THE_PERIOD) -> None:
        activity = RedeemGiftCardActivity(self.database)
        command = RedeemGiftCard(state.subscription_id, code_hash, self.cause, at)
        await ActivityEnvironment().run(activity.redeem_gift_card, command)

    async def open_period(self, state: SubscriptionState, at: datetime) -> SubscriptionState:
        activity = OpenPeriodActivity(self.database)
        command = OpenPeriod(state.subscription_id, state.version, self.due, at)
        return await ActivityEnvironment().run(activity.open_period, command)

    async def open_attempt(
        self,
        state: SubscriptionState,
        at: datetime,
        *,
        method_id: int | None = None,
        is_automatic: bool = True,
        command_id: str | None = None,
    ) -> SubscriptionState:
        activity = OpenAttemptActivity(self.database)
        command = OpenAttempt(
            state.subscription_id, state.version, method_id, is_automatic, self.due, at, command_id
        )
        return await ActivityEnvironment().run(activity.open_attempt, command)

    async def change_plan(
        self,
        state: SubscriptionState,
        plan_code: str,
        at: datetime = IN_THE_PERIOD,
        *,
        when: When | None = None,
        quote: Quote | None = None,
        command_id: str = "change",
    ) -> RecordedSubscription:
        activity = OpenPlanChangeActivity(self.database)
        command = OpenPlanChange(
            state.subscription_id, state.version, plan_code, when, quote, self.cause, at, command_id
        )
        return await ActivityEnvironment().run(activity.open_plan_change, command)

    async def collect(self, state: SubscriptionState, at: datetime) -> SubscriptionState:
        return (await self.collect_whole(state, at)).state

    async def collect_whole(
        self, state: SubscriptionState, at: datetime, *, after: timedelta = timedelta()
    ) -> Settled:
        """`after`: how long it was tried before."""
        async with self.charging() as activities:
            command = CollectPayment(payment_under_way(state), CHARGE_TRACE, at)
            return await tried_for(after).run(activities.collect_payment, command)

    async def look_up(
        self, state: SubscriptionState, at: datetime, *, gives_up: bool = False
    ) -> SubscriptionState:
        async with self.charging() as activities:
            command = CollectPayment(payment_under_way(state), CHARGE_TRACE, at, gives_up)
            return (await ActivityEnvironment().run(activities.look_up_payment, command)).state

    async def withdraw_payment(self, state: SubscriptionState, at: datetime) -> Settled:
        assert state.withdrawing_payment_id is not None
        async with self.charging() as activities:
            command = CollectPayment(state.withdrawing_payment_id, CHARGE_TRACE, at)
            return await ActivityEnvironment().run(activities.withdraw_payment, command)

    @asynccontextmanager
    async def charging(self) -> AsyncIterator[ChargePaymentActivities]:
        assert self.psp is not None
        providers = Providers(ManualMock(), self.psp.adapter())
        try:
            yield ChargePaymentActivities(self.database, providers)
        finally:
            await providers.close()

    async def start_with_card(self, plan_code: str = "P30D", kind: str = "ok") -> SubscriptionState:
        """Paid by the card, which renewals are charged to."""
        opened = await self.start(plan_code, method_id=await self.card(kind))
        return await self.collect(opened.state, PAID_AT)

    async def renewal_by_card(self, kind: str, plan_code: str = "P30D") -> SubscriptionState:
        """Paid by hand, then told to renew by such a card: its first charge is ready at the boundary."""
        paid = await self.start_and_pay(plan_code)
        change = payment_method_set(paid, await self.card(kind))
        state = (await self.record(change)).state
        return await self.open_period(state, state.period.end)

    async def charges(self, state: SubscriptionState) -> list[str]:
        """What the provider really has, oldest first."""
        assert self.psp is not None
        return [charge["status"] for charge in await self.psp.charges(state.subscription_id)]

    async def load(self, subscription_id: int) -> SubscriptionState:
        activity = LoadSubscriptionActivity(self.database)
        return await ActivityEnvironment().run(
            activity.load_subscription, LoadSubscription(subscription_id, "trace")
        )

    async def book(self, subscription_id: int) -> Book:
        return await read_book(self.database, subscription_id)

    async def life(self, state: SubscriptionState) -> LifeBooks:
        return await read_life(self.database, state.subscription_id)

    async def rows(self, query: str) -> list[dict[str, Any]]:
        """`:user_id` in the query is this user."""
        async with self.database.read() as connection:
            found = await connection.execute(text(query), {"user_id": self.user_id})
            return [dict(row._mapping) for row in found]


def tried_for(after: timedelta) -> ActivityEnvironment:
    """The environment of a try that begins so long after the first one was scheduled."""
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, started_time=environment.info.scheduled_time + after)
    return environment


def payment_under_way(state: SubscriptionState) -> int:
    assert state.attempt is not None
    return state.attempt.payment_id
