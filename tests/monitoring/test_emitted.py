"""What rules, panels and docs/monitoring.md name is what API and worker say, and all of it."""

import re
import uuid
from datetime import timedelta

import pytest

from db.queries import reconciliation
from tests.deadline import eventually
from tests.docs.tables import tables_of
from tests.lives import Life, World
from tests.monitoring.scrape import scrape
from tests.monitoring.written import BY_PROMETHEUS, RECORDED, RULES, expressions, metrics_in

PARTS = re.compile(r"_(bucket|count|sum)$")
OF_TROUBLE = {"temporal_workflow_task_execution_failed_total"}
"""The SDK counts it from the first one on: made to happen here."""

ADDED = {"le", "service_name", "namespace"}
"""Beside those that the page lists: by the format, and by the SDK to all of its metrics."""

NO_LABEL = re.compile(r"@|\d{4,}|[0-9a-f]{8}-")
IDS = {"user_id", "subscription_id", "payment_id", "invoice_id", "workflow_id", "run_id", "email"}


@pytest.fixture(scope="module")
async def scraped(world: World) -> dict[str, list[dict[str, str]]]:
    """The names of all series, each with the labels that it comes with."""
    life = await Life.begin(world, card=f"tok_ok-{uuid.uuid4().hex}")
    await life.becomes("active")
    await life.wait(timedelta(days=31))
    async with world.database.transaction() as connection:
        run_id = await reconciliation.begin_run(connection, asked_by="test", mends=False)
        await reconciliation.finish_run(connection, run_id)
    unknown = await world.temporal.start_workflow(
        "OfAnotherRelease", id=uuid.uuid4().hex, task_queue="billing"
    )

    async def is_all_told() -> dict[str, list[dict[str, str]]]:
        told = await series_of(f"{world.stack.api_url}/metrics")
        told |= await series_of(f"http://127.0.0.1:{world.stack.worker_metrics_port}/metrics")
        assert told.keys() >= OF_TROUBLE | {"reconciliation_last_run_age_seconds"}
        assert {labels["step"] for labels in told["billing_step_lag_seconds_count"]} >= {"renew", "collect"}
        return told

    told = await eventually(is_all_told)
    await unknown.terminate()
    return told


async def series_of(url: str) -> dict[str, list[dict[str, str]]]:
    told: dict[str, list[dict[str, str]]] = {}
    for name, labels in await scrape(url):
        told.setdefault(name, []).append(dict(labels))
    return told


def test_what_rules_and_panels_name_is_said(scraped: dict[str, list[dict[str, str]]]) -> None:
    known = scraped.keys() | RECORDED.keys() | BY_PROMETHEUS
    named = {(place, name) for place, expression in expressions() for name in metrics_in(expression)}

    assert len({place for place, _ in named}) > len(RULES)
    assert {(place, name) for place, name in named if name not in known} == set()


def test_the_names_are_found_in_an_expression() -> None:
    found = metrics_in(
        'sum by (le) (rate(a_bucket{x="y z", le=~"1|2"}[5m])) / on (q) (b:c:d5m > 0.5)'
        " and absent(up) or max(e) offset 1d"
    )

    assert found == {"a_bucket", "b:c:d5m", "up", "e"}


def test_the_page_lists_each_with_its_labels(scraped: dict[str, list[dict[str, str]]]) -> None:
    said: dict[str, set[str]] = {}
    for name, series in scraped.items():
        is_histogram = PARTS.search(name) and f"{PARTS.sub('', name)}_bucket" in scraped
        family = PARTS.sub("", name) if is_histogram else name
        said.setdefault(family, set()).update(*series)
    ours = {name: labels - ADDED for name, labels in said.items() if not name.startswith("temporal_")}
    used = {PARTS.sub("", name) for _, expr in expressions() for name in metrics_in(expr)}
    wanted = set(ours) | {name for name in used if name.startswith("temporal_")}

    tables = tables_of("monitoring.md")
    written = {row["metric"]: row for table in tables.values() for row in table if "metric" in row}

    assert wanted - written.keys() == set()
    assert written.keys() - wanted - said.keys() == set()
    for name, labels in ours.items():
        assert {label for label in written[name]["labels"].split(", ") if label != "–"} >= labels, name


def test_no_label_names_a_person_or_a_thing_of_theirs(scraped: dict[str, list[dict[str, str]]]) -> None:
    for name, series in scraped.items():
        for labels in series:
            assert not IDS & labels.keys(), name
            values = [value for label, value in labels.items() if label not in {"le", "revision"}]
            assert [value for value in values if NO_LABEL.search(value)] == [], name
