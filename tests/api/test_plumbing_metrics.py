import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, text

from api.app import create_app
from api.metrics import from_database
from db.database import Database
from db.queries.business_metrics import BusinessCounts, count_business
from db.queries.health import shipped_revisions
from domain.subscription import Status
from ops.settings import Settings
from ops.version import VERSION
from tests.api.shell import client_of, shell_app, shell_settings
from tests.deadline import LONGEST_SECONDS, eventually
from tests.lives import Life
from tests.stack import settings_for

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

IGNORING_FOREIGN_KEYS = "SET LOCAL session_replication_role = replica"
TIMELINE = """
INSERT INTO timeline_entries (subscription_id, version, event, actor, cause, trace_id, details, occurred_at)
SELECT 1, 1, event, 'system', 'test', '', '{"payment_id": 1}'::jsonb, now()
FROM unnest(ARRAY['payment_declined', 'payment_declined', 'payment_declined', 'payment_declined', 'activated',
                  'activated', 'late_payment_received', 'opened', 'payment_parked', 'expired']) event
UNION ALL SELECT 1, 1, 'activated', 'system', 'paid by a gift card', '', '{"invoice_id": 1}'::jsonb, now()
"""
SUBSCRIPTIONS = """
INSERT INTO subscriptions (
    user_id, plan_id, plan_price_id, workflow_id, idempotency_key, request_hash, status,
    current_period_start, current_period_end, cancel_at_period_end, access_until, ended_at, parked_reason,
    version, state)
SELECT n, 1, 1, n, n, '', status, now(), now() + interval '1 day', n = 2,
       CASE WHEN status = 'active' THEN now() + interval '8 days' END,
       CASE WHEN status NOT IN ('incomplete', 'active') THEN now() END,
       CASE WHEN n IN (3, 5) THEN 'payment_unknown' END, 1, '{}'
FROM unnest(ARRAY['incomplete', 'active', 'active', 'active', 'canceled', 'incomplete_expired'])
     WITH ORDINALITY AS each (status, n)
"""

EVENTS = (
    (
        "INSERT INTO outbox (subscription_id, event, key, due_at, details, created_at)"
        " VALUES (1, 'invoice.paid', 'a', now(), '{}', now() - interval '100 seconds'),"
        " (1, 'renewal.upcoming', 'b', now(), '{}', now() - interval '900 seconds')"
    ),
    (
        "INSERT INTO webhook_endpoints (url, description, status, disabled_at, disabled_reason, created_by)"
        " VALUES ('', '', 'enabled', NULL, NULL, 1), ('', '', 'disabled', now(), 'gone', 1),"
        " ('', '', 'deleted', now(), 'by_staff', 1)"
    ),
    (
        "INSERT INTO event_deliveries (event_id, endpoint_id, status)"
        " VALUES (1, 1, 'pending'), (2, 1, 'pending'), (3, 1, 'failed')"
    ),
)


OVERDUE = (
    "UPDATE subscriptions SET next_action_at = now() - interval '600 seconds' WHERE id = 2",
    (
        "UPDATE subscriptions SET next_action_at = now() - interval '1 day',"
        " clock_offset = interval '30 days' WHERE id = 3"
    ),
    "UPDATE subscriptions SET next_action_at = now() + interval '1 day' WHERE id = 4",
    (
        "INSERT INTO payments (invoice_id, attempt_no, provider, status, amount_cents, received_cents,"
        " currency, idempotency_key, created_at, settled_at, recorded_at) VALUES"
        " (1, 1, 'stripe', 'unknown', 1, NULL, 'EUR', 'a', now(), NULL, now() - interval '300 seconds'),"
        " (2, 1, 'stripe', 'succeeded', 1, 1, 'EUR', 'b', now(), now(), now() - interval '900 seconds')"
    ),
    (
        "INSERT INTO disputes (payment_id, report_id, amount_cents, currency, opened_at)"
        " VALUES (2, 1, 1, 'EUR', now())"
    ),
)


async def scrape(client: httpx2.AsyncClient) -> Samples:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def business(samples: Samples) -> dict[str, float]:
    names = {
        "payments_succeeded_total",
        "payments_failed_total",
        "active_subscriptions",
        "parked_subscriptions",
        "events_unpublished_seconds",
        "event_deliveries_pending",
        "webhook_endpoints_disabled",
    }
    return {name: value for (name, _), value in samples.items() if name in names}


async def execute(settings: Settings, *statements: str) -> None:
    database = Database.from_settings(settings)
    async with database.transaction() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await database.close()


def labels(**values: str) -> frozenset[tuple[str, str]]:
    return frozenset(values.items())


async def test_requests_are_counted_and_timed_by_route_template() -> None:
    async with client_of(shell_app()) as client:
        await client.get("/probe/items/1")
        await client.get("/probe/items/2")
        await client.get("/probe/items/zero")
        await client.get("/docs")
        samples = await scrape(client)

    route = {"method": "GET", "route": "/probe/items/{item_id}"}
    assert samples["http_requests_total", labels(**route, status="200")] == 2
    assert samples["http_requests_total", labels(**route, status="422")] == 1
    assert samples["http_request_latency_seconds_count", labels(**route)] == 3
    assert samples["http_request_latency_seconds_bucket", labels(**route, le="+Inf")] == 3
    assert samples["http_request_latency_seconds_sum", labels(**route)] > 0
    assert samples["http_requests_total", labels(method="GET", route="/docs", status="200")] == 1


async def test_a_thousand_random_requests_add_no_series() -> None:
    async with client_of(shell_app()) as client:
        await client.get("/nothing")
        await client.get("/probe/items/1")
        await client.request("BREW", "/probe/items/1")
        before = await scrape(client)
        before = await scrape(client)  # now with the series of /metrics itself
        for number in range(500):
            await client.get(f"/{secrets.token_hex(8)}/{number}?q={number}")
            await client.get(f"/probe/items/{number + 1}", headers={"X-Request-ID": secrets.token_hex(8)})
        for _ in range(20):
            await client.request(secrets.token_hex(4).upper(), "/probe/items/1")
        after = await scrape(client)

    assert after.keys() == before.keys()
    assert after["http_requests_total", labels(method="GET", route="unmatched", status="404")] == 501
    route = "/probe/items/{item_id}"
    assert after["http_requests_total", labels(method="GET", route=route, status="200")] == 501
    assert after["http_requests_total", labels(method="other", route=route, status="405")] == 21


async def test_two_applications_do_not_share_their_counts() -> None:
    async with client_of(shell_app()) as one, client_of(shell_app()) as other:
        await one.get("/healthz")
        samples = await scrape(other)

    assert ("http_requests_total", labels(method="GET", route="/healthz", status="200")) not in samples


async def test_metrics_answer_without_the_business_while_postgres_is_away() -> None:
    async with client_of(shell_app()) as client:
        await client.get("/healthz")
        samples = await scrape(client)

    assert samples["http_requests_total", labels(method="GET", route="/healthz", status="200")] == 1
    assert business(samples) == {}
    assert samples["dependency_up", labels(dependency="postgres")] == 0
    assert samples["database_pool_in_use", labels()] == 0


async def test_the_business_is_counted_in_postgres(
    monkeypatch: pytest.MonkeyPatch, fresh_database_url: Callable[[], Awaitable[str]]
) -> None:
    settings = settings_for(await fresh_database_url())
    monkeypatch.setattr(from_database, "FRESH_SECONDS", LONGEST_SECONDS)
    async with client_of(create_app(settings)) as client:
        empty = business(await scrape(client))
        await execute(settings, IGNORING_FOREIGN_KEYS, TIMELINE, SUBSCRIPTIONS, *EVENTS)
        still_fresh = business(await scrape(client))
        monkeypatch.setattr(from_database, "FRESH_SECONDS", 0.0)
        read_again = business(await scrape(client))

    assert empty == {
        "payments_succeeded_total": 0,
        "payments_failed_total": 0,
        "active_subscriptions": 0,
        "parked_subscriptions": 0,
        "events_unpublished_seconds": 0,
        "event_deliveries_pending": 0,
        "webhook_endpoints_disabled": 0,
    }
    assert still_fresh == empty
    assert 100 <= read_again.pop("events_unpublished_seconds") < 200
    assert read_again == {
        "event_deliveries_pending": 2,
        "webhook_endpoints_disabled": 1,
        "payments_succeeded_total": 3,
        "payments_failed_total": 4,
        "active_subscriptions": 3,
        "parked_subscriptions": 2,
    }


async def test_what_is_overdue_or_unknown_is_counted_in_our_time(
    fresh_database_url: Callable[[], Awaitable[str]],
) -> None:
    settings = settings_for(await fresh_database_url())
    await execute(settings, IGNORING_FOREIGN_KEYS, SUBSCRIPTIONS, *OVERDUE)
    async with client_of(create_app(settings)) as client:
        samples = await scrape(client)

    assert samples["due_steps", labels()] == 1
    assert 600 <= samples["due_steps_oldest_seconds", labels()] < 700
    assert samples["payments_unknown", labels()] == 1
    assert 300 <= samples["payments_unknown_oldest_seconds", labels()] < 400
    assert samples["chargebacks_total", labels(provider="stripe")] == 1
    assert samples["chargebacks_total", labels(provider="sandbox")] == 0
    by_status = {status: samples["subscriptions", labels(status=status)] for status in Status}
    assert {status: count for status, count in by_status.items() if count} == {
        "incomplete": 1,
        "active": 3,
        "canceled": 1,
        "incomplete_expired": 1,
    }
    assert samples["past_due_subscriptions", labels()] == 0


async def test_readiness_release_schema_and_pool_are_told(
    fresh_database_url: Callable[[], Awaitable[str]],
) -> None:
    settings = settings_for(await fresh_database_url())
    async with client_of(create_app(settings)) as client:
        samples = await scrape(client)

        async def nobody_uses_it() -> bool:
            """Its own relay looks into the inbox each second."""
            return (await scrape(client))["database_pool_in_use", labels()] == 0

        await eventually(nobody_uses_it)

    assert samples["dependency_up", labels(dependency="postgres")] == 1
    assert samples["dependency_up", labels(dependency="migrations")] == 1
    assert samples["billing_schema_info", labels(revision=shipped_revisions()[-1])] == 1
    assert samples["billing_build_info", labels(version=VERSION)] == 1
    assert samples["database_pool_size", labels()] == settings.database_pool_size


async def test_a_decline_stays_counted_when_the_payment_succeeds_after_it(unpaid: Life) -> None:
    before = await counts(unpaid.world.database)
    await unpaid.report("FAILED", decline_code="not enough funds")
    await unpaid.applies_reports(1)
    declined = await counts(unpaid.world.database)
    await unpaid.pay()
    paid = await counts(unpaid.world.database)

    assert growth(before, declined) == (0, 1)
    assert growth(declined, paid) == (1, 0)


async def test_a_payment_that_was_given_up_did_not_fail(unpaid: Life) -> None:
    before = await counts(unpaid.world.database)
    await unpaid.post("cancel")

    assert growth(before, await counts(unpaid.world.database)) == (0, 0)


async def test_payments_are_counted_in_an_index_that_holds_nothing_else(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute(text("SET LOCAL enable_seqscan = off"))  # the tables of a test are small
        asked: list[tuple[str, Any]] = []

        def note(
            _connection: object, _cursor: object, statement: str, parameters: Any, *_more: object
        ) -> None:
            asked.append((f"EXPLAIN {statement}", parameters))

        event.listen(database._engine.sync_engine, "before_cursor_execute", note)
        await count_business(connection)
        event.remove(database._engine.sync_engine, "before_cursor_execute", note)
        plan = (await connection.exec_driver_sql(*asked[0])).scalars().all()

    assert "ix_timeline_entries_settling" in "\n".join(plan)


async def counts(database: Database) -> BusinessCounts:
    async with database.read() as connection:
        return await count_business(connection)


def growth(before: BusinessCounts, after: BusinessCounts) -> tuple[int, int]:
    return (
        after.payments_succeeded - before.payments_succeeded,
        after.payments_failed - before.payments_failed,
    )


async def test_many_scrapes_at_once_read_postgres_once(database: Database) -> None:
    reads = 0

    def count(*_arguments: object) -> None:
        nonlocal reads
        reads += 1

    event.listen(database._engine.sync_engine, "before_cursor_execute", count)
    await from_database.DatabaseMetrics().refresh(database)
    once, reads = reads, 0
    metrics = from_database.DatabaseMetrics()
    await asyncio.gather(*(metrics.refresh(database) for _ in range(20)))
    event.remove(database._engine.sync_engine, "before_cursor_execute", count)

    assert reads == once >= len(from_database.TOPICS)


async def test_metrics_can_be_switched_off() -> None:
    async with client_of(shell_app(shell_settings(metrics_enabled=False))) as client:
        assert (await client.get("/metrics")).json()["code"] == "not_found"


async def test_the_inbox_is_counted_by_what_keeps_it(
    monkeypatch: pytest.MonkeyPatch, fresh_database_url: Callable[[], Awaitable[str]]
) -> None:
    settings = settings_for(await fresh_database_url())
    monkeypatch.setattr(from_database, "FRESH_SECONDS", 0.0)
    async with client_of(create_app(settings)) as client:
        empty = inbox(await scrape(client))
        await execute(settings, INBOX)
        full = inbox(await scrape(client))

    reasons = {
        reason: ("webhook_inbox_parked", labels(reason=reason))
        for reason in ("amount_mismatch", "payment_not_paid", "undeliverable")
    }
    assert empty == {
        ("webhook_inbox_received", labels()): 0,
        ("webhook_inbox_oldest_seconds", labels()): 0,
        **dict.fromkeys(reasons.values(), 0),
    }
    assert 600 <= full.pop(("webhook_inbox_oldest_seconds", labels())) < 900
    assert full == {
        ("webhook_inbox_received", labels()): 2,
        reasons["amount_mismatch"]: 0,
        reasons["payment_not_paid"]: 1,
        reasons["undeliverable"]: 2,
    }


def inbox(samples: Samples) -> Samples:
    return {key: value for key, value in samples.items() if key[0].startswith("webhook_inbox_")}


INBOX = """
INSERT INTO webhook_inbox (provider, fact_key, payment_id, reported_status, raw_body, trace_id, status,
                           parked_reason, applied_at, received_at)
SELECT 'mock', n, n, 'SUCCEEDED', '', '', status, reason, CASE WHEN status = 'applied' THEN now() END,
       now() - n * interval '10 minutes'
FROM (VALUES (1, 'received', NULL), (0, 'received', NULL), (2, 'parked', 'undeliverable'),
             (3, 'parked', 'undeliverable'), (4, 'parked', 'payment_not_paid'), (5, 'applied', NULL),
             (6, 'ignored', NULL)) AS each (n, status, reason)
"""
