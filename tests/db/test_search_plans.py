"""What staff search by is in an index: no page reads the whole table, however little it finds."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from db.database import Connection, Database
from db.queries.subscription_search import SubscriptionFilter, search_subscriptions
from domain.subscription import Status
from ops.settings import Settings
from tests.conftest import FreshDatabaseUrl
from tests.db.rows import START
from tests.stack import settings_for

ROWS = 20_000
PAGE = 21
RARE = 2_000  # one in so many is what somebody looks for

STUDENTS = (
    "INSERT INTO users (email, password_hash)"
    " SELECT 'student-' || n || '@italiano.example', 'none' FROM generate_series(1, :rows) n"
)
A_RARE_PLAN = "INSERT INTO plans (code, name, period_iso) VALUES ('RARE', 'Rare', 'P30D')"
SALES = """
INSERT INTO subscriptions (user_id, plan_id, plan_price_id, workflow_id, idempotency_key, request_hash,
    status, current_period_start, current_period_end, cancel_at_period_end, version, state, next_action,
    next_action_at, parked_reason, created_at)
SELECT u.id, CASE WHEN is_rare THEN rare.id ELSE price.plan_id END, price.id, 'workflow-' || u.id, 'k', 'h',
    CASE WHEN is_rare THEN 'past_due' ELSE 'active' END, :start, :start + interval '30 days', false, 1,
    jsonb_build_object('filler', repeat(md5(u.id::text), 30)), 'renew',
    CASE WHEN is_rare THEN :start ELSE :start + interval '30 days' END,
    CASE WHEN is_rare THEN 'looks odd' END, :start + u.id * interval '1 second'
FROM users u, plans rare, (SELECT id, plan_id FROM plan_prices ORDER BY id LIMIT 1) price,
    LATERAL (SELECT u.id % :rare = 0 AS is_rare) rarity
WHERE rare.code = 'RARE' ORDER BY u.id
"""

SEARCHES = {
    "everything": SubscriptionFilter(),
    "a frequent status": SubscriptionFilter(status=Status.ACTIVE),
    "a rare status": SubscriptionFilter(status=Status.PAST_DUE),
    "a rare plan": SubscriptionFilter(plan_code="RARE"),
    "a user": SubscriptionFilter(user_id=4_000),
    "an address": SubscriptionFilter(email="student-4000@italiano.example"),
    "an address of nobody": SubscriptionFilter(email="nobody@italiano.example"),
    "parked": SubscriptionFilter(parked=True),
    "due": SubscriptionFilter(next_action_before=START + timedelta(days=1)),
    "of a minute long ago": SubscriptionFilter(
        created_from=START + timedelta(hours=1), created_to=START + timedelta(hours=1, minutes=1)
    ),
}


@pytest.fixture(scope="module")
async def sold(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[Database]:
    """A database with so many subscriptions that reading all of them would be noticed."""
    settings: Settings = settings_for(await fresh_database_url())
    database = Database.from_settings(settings)
    async with database.transaction() as connection:
        await connection.execute(text(STUDENTS), {"rows": ROWS})
        await connection.execute(text(A_RARE_PLAN))
        await connection.execute(text(SALES), {"rare": RARE, "start": START})
        await connection.execute(text("ANALYZE users, subscriptions"))
    yield database
    await database.close()


async def plan_of(connection: Connection, only: SubscriptionFilter) -> str:
    asked: list[tuple[str, Any]] = []

    def listen(*arguments: object) -> None:
        asked.append((str(arguments[2]), arguments[3]))

    raw = connection.sync_connection
    event.listen(raw, "before_cursor_execute", listen)
    await search_subscriptions(connection, only, before_id=None, limit=PAGE)
    event.remove(raw, "before_cursor_execute", listen)
    (statement, parameters) = asked[-1]
    lines = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters)
    return "\n".join(lines.scalars())


@pytest.mark.parametrize("asked", SEARCHES)
async def test_a_page_reads_no_whole_table(sold: Database, asked: str) -> None:
    async with sold.read() as connection:
        plan = await plan_of(connection, SEARCHES[asked])
    passed_over = [int(count) for count in re.findall(r"Rows Removed by Filter: (\d+)", plan)]

    assert "Seq Scan on subscriptions" not in plan, plan
    assert sum(passed_over) <= PAGE, plan
