"""A user whose subscriptions the activities act on, as their workflows would call them."""

import uuid
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text
from temporalio.testing import ActivityEnvironment

from activities.contracts import (
    Cause,
    OpenedSubscription,
    OpenSubscription,
    RecordedSubscription,
    RecordSubscription,
    SettlePayment,
    StartOrder,
)
from activities.load_subscription import LoadSubscriptionActivity
from activities.open_subscription import OpenSubscriptionActivity
from activities.record_subscription import RecordSubscriptionActivity
from activities.settle_payment import SettlePaymentActivity
from db.database import Database
from db.queries import payment_reports
from db.queries.payment_reports import IncomingReport, ReportStatus
from db.tables.accounts import User
from domain.lifecycle import Change
from domain.payment import PaymentFact, ReportedStatus
from domain.subscription import SubscriptionState
from tests.book import Book, read_book
from tests.db.rows import insert_row

STARTED_AT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
PERIOD_END = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PAID_AT = datetime(2026, 1, 31, 9, 45, tzinfo=UTC)
IN_THE_PERIOD = datetime(2026, 2, 10, 12, tzinfo=UTC)

START_TRACE = "5" * 32
REPORT_TRACE = "6" * 32
COMMAND_TRACE = "7" * 32


class Customer:
    def __init__(self, database: Database, user_id: int) -> None:
        self.database = database
        self.user_id = user_id

    @classmethod
    async def signup(cls, database: Database) -> "Customer":
        async with database.transaction() as connection:
            return cls(database, await insert_row(connection, User))

    @property
    def cause(self) -> Cause:
        return Cause(f"user:{self.user_id}", "asked for it", COMMAND_TRACE)

    async def start(
        self,
        plan_code: str = "P30D",
        *,
        key: str | None = None,
        request_hash: str = "hash",
        at: datetime = STARTED_AT,
        starts_per_hour: int = 20,
    ) -> OpenedSubscription:
        """By default under a key that nobody used."""
        key = key or uuid.uuid4().hex
        cause = Cause(f"user:{self.user_id}", "start", START_TRACE)
        order = StartOrder(self.user_id, key, request_hash, plan_code, cause)
        activity = OpenSubscriptionActivity(self.database, starts_per_hour)
        return await ActivityEnvironment().run(
            activity.open_subscription, OpenSubscription(order, self.workflow_id(key), at)
        )

    def workflow_id(self, key: str) -> str:
        return f"{self.user_id}:{key}"

    async def report(
        self,
        payment_id: int,
        status: ReportedStatus = ReportedStatus.SUCCEEDED,
        *,
        amount_cents: int | None = None,
        currency: str | None = None,
        decline_code: str | None = None,
    ) -> int:
        """What the webhook does: it only stores the report. Returns its id."""
        report = IncomingReport(
            provider="mock",
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
        activity = SettlePaymentActivity(self.database)
        return await ActivityEnvironment().run(activity.settle_payment, SettlePayment(report_id, at))

    async def start_and_pay(self, plan_code: str = "P30D") -> SubscriptionState:
        opened = await self.start(plan_code)
        return await self.settle(await self.report(opened.answer.payment_id))

    async def record(self, change: Change | None, at: datetime = IN_THE_PERIOD) -> RecordedSubscription:
        assert change is not None
        activity = RecordSubscriptionActivity(self.database)
        command = RecordSubscription(change, self.cause, at)
        return await ActivityEnvironment().run(activity.record_subscription, command)

    async def load(self, subscription_id: int) -> SubscriptionState:
        activity = LoadSubscriptionActivity(self.database)
        return await ActivityEnvironment().run(activity.load_subscription, subscription_id)

    async def book(self, subscription_id: int) -> Book:
        return await read_book(self.database, subscription_id)

    async def rows(self, query: str) -> list[dict[str, Any]]:
        """`:user_id` in the query is this user."""
        async with self.database.read() as connection:
            found = await connection.execute(text(query), {"user_id": self.user_id})
            return [dict(row._mapping) for row in found]
