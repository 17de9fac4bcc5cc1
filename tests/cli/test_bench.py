"""`italiano bench` as a person starts it: a process that measures a running stack."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.cli.shown_home import italiano, shown_home
from tests.conftest import FreshStack
from tests.stack import Stack

ROWS = [
    "bare update-with-start",
    "start",
    "webhook answered",
    "webhook → access",
    "GET /me/subscription",
    "layered app, GET /me/subscription",
    "GET /content/modules",
    "layered app, GET /content/modules",
]
TINY = ("bench", "start", "--count", "4", "--seconds", "0.2", "--clients", "1,2")


async def test_every_figure_comes_with_its_clients_its_share_of_the_cpu_and_its_target(
    stack: Stack, tmp_path: Path
) -> None:
    with shown_home(stack, tmp_path) as home:
        done = await asyncio.to_thread(italiano, home, *TINY, "--json")
    assert done.returncode == 0, done.stderr

    told = json.loads(done.stdout)
    measured = told["measured"]
    assert sorted((row["what"], row["clients"]) for row in measured) == sorted(
        (what, clients) for what in ROWS for clients in (1, 2)
    )
    counts = {(row["what"], row["clients"]): row["count"] for row in measured}
    assert [counts[what, 2] for what in ROWS[:4]] == [4, 4, 2, 2]
    for row in measured:
        assert row["failures"] == []
        assert row["per_second"] > 0
        assert 0 < row["p50_ms"] <= row["p99_ms"]
        assert {"api", "worker", "bench", "bare worker", "layered app", "others"} == row["cpu_seconds"].keys()
        assert row["bound_by"]

    by_what = {finding["what"]: finding for finding in told["findings"]}
    start = by_what["start / bare, p50 at 1"]
    p50 = {row["what"]: row["p50_ms"] for row in measured if row["clients"] == 1}
    assert start["figure"] == pytest.approx(p50["start"] / p50["bare update-with-start"], rel=0.01)
    assert (start["target"], start["is_met"]) == ("≤ 2", start["figure"] <= 2)
    assert by_what["webhook → access, p99 ms at 2"]["target"] == "≤ 600"
    assert by_what["GET /me/subscription / layered app, rate at 2"]["target"] == "≥ 3"
    assert by_what["GET /content/modules / layered app, rate at 2"]["target"] == "≥ 3"


async def test_lines_for_people_and_a_failure_that_is_told(stack: Stack, tmp_path: Path) -> None:
    with shown_home(stack, tmp_path, webhook_secret="a secret that the API does not have") as home:
        done = await asyncio.to_thread(italiano, home, *TINY)
    assert done.returncode == 1
    assert done.stderr.startswith("FAIL 401 ")
    assert "signature_invalid" in done.stderr


async def test_clients_that_are_no_numbers_are_refused(tmp_path: Path, stack: Stack) -> None:
    with shown_home(stack, tmp_path) as home:
        done = await asyncio.to_thread(italiano, home, "bench", "start", "--clients", "one")
    assert done.returncode == 2
    assert "Invalid value" in done.stderr


async def test_a_renewal_is_measured_against_a_bare_loop_and_its_cpu_told_apart(
    stack: Stack, tmp_path: Path
) -> None:
    with shown_home(stack, tmp_path) as home:
        tiny = ("bench", "renew", "--count", "12", "--clients", "2", "--json")
        done = await asyncio.to_thread(italiano, home, *tiny)
    assert done.returncode == 0, done.stderr

    told = json.loads(done.stdout)
    bare, ours = told["measured"]
    assert [(row["count"], row["clients"], row["failures"]) for row in (bare, ours)] == [(12, 2, [])] * 2
    by_what = {finding["what"]: finding for finding in told["findings"]}
    against_bare = by_what[f"{ours['what']} / {bare['what']}, rate at 2"]
    assert against_bare["figure"] == pytest.approx(ours["per_second"] / bare["per_second"], rel=0.05)
    assert (against_bare["target"], against_bare["is_met"]) == ("≥ 0.333333", against_bare["figure"] >= 1 / 3)
    cpu = by_what["renewal, CPU ms of worker"]["figure"]
    assert cpu == pytest.approx(ours["cpu_seconds"]["worker"] / ours["count"] * 1_000, abs=1)


async def test_invoices_are_numbered_against_plain_inserts(stack: Stack, tmp_path: Path) -> None:
    """On a Postgres of its own: the stack that runs here gives no number away for it."""
    with shown_home(stack, tmp_path) as home:
        tiny = ("bench", "finalize", "--count", "24", "--clients", "8")
        as_json, for_people = await asyncio.gather(
            asyncio.to_thread(italiano, home, *tiny, "--json"), asyncio.to_thread(italiano, home, *tiny)
        )
    assert (as_json.returncode, for_people.returncode) == (0, 0), as_json.stderr + for_people.stderr

    told = json.loads(as_json.stdout)
    plain, finalized = told["measured"]
    assert [(row["count"], row["clients"], row["failures"]) for row in (plain, finalized)] == [
        (24, 8, [])
    ] * 2
    [finding] = told["findings"]
    assert finding["what"] == "invoice finalized / invoice as a plain draft, rate at 8"
    assert finding["figure"] == pytest.approx(finalized["per_second"] / plain["per_second"], rel=0.05)
    assert "invoice finalized / invoice as a plain draft" in for_people.stdout


async def test_what_a_start_and_a_renewal_leave_is_measured(fresh_stack: FreshStack, tmp_path: Path) -> None:
    """All rows of the database are counted: where others have begun something, theirs would be too."""
    with shown_home(await fresh_stack(), tmp_path / "home") as home:
        tiny = ("bench", "size", "--count", "2", "--periods", "1", "--json")
        done = await asyncio.to_thread(italiano, home, *tiny)
    assert done.returncode == 0, done.stderr

    start, renewal = json.loads(done.stdout)
    assert [(each["what"], each["count"]) for each in (start, renewal)] == [("start", 2), ("renewal", 2)]
    for each in (start, renewal):
        assert {each["tables"][name][1] for name in ("invoices", "payments", "periods")} == {1.0}
        assert each["table_bytes"] == pytest.approx(sum(size for size, _ in each["tables"].values()))
        assert each["written"]["wal_bytes"] > 0
    assert renewal["history_events"] == pytest.approx(21, abs=3)
    assert 2_000 < renewal["history_bytes"] < 8_000
