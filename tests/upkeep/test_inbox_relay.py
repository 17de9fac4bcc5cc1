"""The relay where it meets what is not there: an outage is waited for, and is not counted as a failure."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import text
from temporalio.client import Client

from db.database import Database
from db.queries import payment_reports
from db.queries.payment_reports import IncomingReport, ReportStatus
from domain.payment import PaymentFact, ReportedStatus
from tests.conftest import FreshDatabaseUrl
from tests.db.sold import insert_sold
from tests.free_port import free_port
from tests.stack import settings_for
from upkeep.inbox_relay import InboxRelay

SHORTLY, PATIENTLY = timedelta(seconds=1), timedelta(seconds=20)


@pytest.fixture
async def books(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[Database]:
    """With one report that is due, and no other relay."""
    database = Database.from_settings(settings_for(await fresh_database_url()))
    async with database.transaction() as connection:
        sold = await insert_sold(connection)
        report = IncomingReport(
            provider="mock",
            event_id="evt-1",
            payment_id=sold.payment_id,
            fact=PaymentFact(ReportedStatus.SUCCEEDED, None, None),
            decline_code=None,
            occurred_at=None,
            raw_body=b"{}",
            trace_id="1" * 32,
        )
        await payment_reports.store_report(connection, report, ReportStatus.RECEIVED)
    yield database
    await database.close()


async def deliver(books: Database, temporal: Client, rpc_timeout: timedelta) -> tuple[int, str | None]:
    """Deliveries that count, and the failure that was noted."""
    await InboxRelay(books, temporal, rpc_timeout).deliver_all_due()
    async with books.read() as connection:
        query = text("SELECT deliveries, last_failure FROM webhook_inbox")
        deliveries, failure = (await connection.execute(query)).one()
    return deliveries, failure


async def is_due_soon(books: Database) -> bool:
    async with books.read() as connection:
        query = text("SELECT next_delivery_at < clock_timestamp() + interval '3 seconds' FROM webhook_inbox")
        return bool(await connection.scalar(query))


async def test_a_temporal_that_was_never_there_is_an_outage(books: Database) -> None:
    nobody = await Client.connect(f"127.0.0.1:{free_port()}", lazy=True)

    assert await deliver(books, nobody, SHORTLY) == (0, None)
    assert await is_due_soon(books)


async def test_a_subscription_that_cannot_be_revived_is_a_failure_of_ours(
    books: Database, temporal: Client
) -> None:
    """Its row holds no state, so that no workflow can be made of it."""
    assert await deliver(books, temporal, PATIENTLY) == (1, "ValidationError")
