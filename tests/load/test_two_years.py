"""Two years of made-up books: the reports say of them what a plain count says, and can be measured."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from cli.dev.postgres import EmbeddedPostgres
from db.database import Connection, Database
from db.queries.growth_reports import growth, renewals_due
from domain.monthly_worth import Billed, monthly_worth
from tests.conftest import FreshDatabaseUrl
from tests.load.report_times import REPORTS, measure
from tests.load.two_years import fill
from tests.stack import settings_for

COUNT = 300

PAYING = """
SELECT plan.code, plan.period_iso, price.price_cents, last.discount_cents, count(*) AS people
FROM subscriptions s
JOIN plans plan ON plan.id = s.plan_id
JOIN plan_prices price ON price.id = s.plan_price_id
JOIN LATERAL (
    SELECT discount_cents FROM invoices WHERE subscription_id = s.id ORDER BY id DESC LIMIT 1) last ON true
WHERE s.ended_at IS NULL GROUP BY 1, 2, 3, 4
"""
DUE = (
    "SELECT count(*) FROM subscriptions WHERE ended_at IS NULL AND current_period_end BETWEEN :now AND :until"
)
HAPPENED = "SELECT count(*) FROM timeline_entries WHERE event = :event"


@pytest.fixture(scope="module")
async def database_url(fresh_database_url: FreshDatabaseUrl) -> str:
    url = await fresh_database_url()
    await asyncio.to_thread(fill, url, COUNT)
    return url


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    database = Database.from_settings(settings_for(database_url))
    async with database.stream() as connection:
        yield connection
    await database.close()


async def happened(connection: Connection, event: str) -> int:
    return int((await connection.execute(text(HAPPENED), {"event": event})).scalar_one())


async def test_the_reports_say_what_a_count_says(connection: Connection) -> None:
    now = datetime.now(UTC)
    paying = (await connection.execute(text(PAYING))).all()
    due = (await connection.execute(text(DUE), {"now": now, "until": now + timedelta(days=30)})).scalar_one()

    found = await growth(connection, now - timedelta(days=800), now)
    renewals = await renewals_due(connection, now, now + timedelta(days=30))

    assert {row.code for row in paying} == {"P30D", "P30D-MORE", "P1Y"}
    assert found.subscribers[-1].closing == sum(row.people for row in paying)
    assert found.mrr[-1].closing_cents == sum(
        row.people * monthly_worth(Billed(row.price_cents, row.discount_cents, 2_200, row.period_iso))
        for row in paying
    )
    assert sum(row.started for row in found.subscribers) == COUNT
    assert sum(row.returned for row in found.subscribers) == await happened(connection, "left_unpaid") > 0
    assert await happened(connection, "transferred") > 0
    assert sum(row.renewals for row in renewals) == due > 0


async def test_each_report_is_measured(database_url: str, postgres: EmbeddedPostgres) -> None:
    taken = await asyncio.to_thread(measure, database_url, postgres.process.pid)

    assert [each.report for each in taken] == list(REPORTS)
    assert all(each.peak_mib > 0 and each.cpu_seconds > 0 for each in taken)
