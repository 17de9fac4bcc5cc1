import asyncio
import secrets
from collections.abc import Awaitable, Callable

import httpx2
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event, text

from api import business_gauges
from api.app import create_app
from db.database import Database
from ops.settings import Settings
from tests.api.shell import client_of, shell_app, shell_settings
from tests.stack import settings_for

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]

IGNORING_FOREIGN_KEYS = "SET LOCAL session_replication_role = replica"
PAYMENTS = """
INSERT INTO payments (
    invoice_id, attempt_no, provider, status, amount_cents, currency, idempotency_key, created_at, settled_at)
SELECT n, 1, 'mock', (ARRAY['succeeded', 'failed', 'pending'])[1 + n % 3], 1990, 'EUR', n, now(),
       CASE WHEN n % 3 < 2 THEN now() END
FROM generate_series(0, 10) n
"""
SUBSCRIPTIONS = """
INSERT INTO subscriptions (
    user_id, plan_id, plan_price_id, workflow_id, idempotency_key, request_hash, status,
    current_period_start, current_period_end, cancel_at_period_end, ended_at, version, state)
SELECT n, 1, 1, n, n, '', status, now(), now() + interval '1 day', n = 2,
       CASE WHEN status NOT IN ('incomplete', 'active') THEN now() END, 1, '{}'
FROM unnest(ARRAY['incomplete', 'active', 'active', 'active', 'canceled', 'incomplete_expired'])
     WITH ORDINALITY AS each (status, n)
"""


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
    names = {"payments_succeeded_total", "payments_failed_total", "active_subscriptions"}
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
    assert 0 < samples["http_request_latency_seconds_sum", labels(**route)] < 1
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


async def test_the_business_is_counted_in_postgres(
    monkeypatch: pytest.MonkeyPatch, fresh_database_url: Callable[[], Awaitable[str]]
) -> None:
    settings = settings_for(await fresh_database_url())
    async with client_of(create_app(settings)) as client:
        empty = business(await scrape(client))
        await execute(settings, IGNORING_FOREIGN_KEYS, PAYMENTS, SUBSCRIPTIONS)
        still_fresh = business(await scrape(client))
        monkeypatch.setattr(business_gauges, "FRESH_SECONDS", 0.0)
        read_again = business(await scrape(client))

    assert empty == {"payments_succeeded_total": 0, "payments_failed_total": 0, "active_subscriptions": 0}
    assert still_fresh == empty
    assert read_again == {
        "payments_succeeded_total": 4,
        "payments_failed_total": 4,
        "active_subscriptions": 3,
    }


async def test_many_scrapes_at_once_read_postgres_once(database: Database) -> None:
    gauges = business_gauges.BusinessGauges()
    reads = 0

    def count(*_arguments: object) -> None:
        nonlocal reads
        reads += 1

    event.listen(database._engine.sync_engine, "before_cursor_execute", count)
    await asyncio.gather(*(gauges.refresh(database) for _ in range(20)))
    event.remove(database._engine.sync_engine, "before_cursor_execute", count)

    assert reads == 1


async def test_metrics_can_be_switched_off() -> None:
    async with client_of(shell_app(shell_settings(metrics_enabled=False))) as client:
        assert (await client.get("/metrics")).json()["code"] == "not_found"
