"""`italiano bench all` as a person starts it: rounds of everything, and one table of them."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.cli.shown_home import italiano, shown_home
from tests.stack import Stack

FLOORS = {
    "start": "bare update-with-start",
    "start by card": "bare update-with-start",
    "webhook answered": "bare signal",
    "webhook → access": "bare update-with-start",
    "GET /me/subscription": "bare query",
    "GET /content/modules": "bare query",
    "renewal": "bare loop, one no-op activity a cycle",
}
TINY = ("--count", "4", "--renewals", "6", "--seconds", "0.1", "--clients", "2")


async def test_each_operation_is_a_median_with_its_spread_beside_its_floor(
    stack: Stack, tmp_path: Path
) -> None:
    with shown_home(stack, tmp_path) as home:
        done = await asyncio.to_thread(italiano, home, "bench", "all", "--rounds", "2", *TINY, "--json")
    assert done.returncode == 0, done.stderr

    told = json.loads(done.stdout)
    assert told["rounds"] == 2
    rows = {row["what"]: row for row in told["operations"]}
    assert {what: row["floor"] for what, row in rows.items()} == FLOORS | dict.fromkeys(FLOORS.values())
    for row in rows.values():
        assert row["clients"] == 2
        assert {"api", "worker", "bench", "bare worker"} == row["cpu_ms"].keys()
        for figure in ("per_second", "p50_ms", "p99_ms"):
            spread = row[figure]
            assert 0 < spread["least"] <= spread["median"] <= spread["most"]
            assert spread["median"] == pytest.approx((spread["least"] + spread["most"]) / 2)
    for what in FLOORS:
        assert rows[what]["rate_to_floor"]["least"] > 0
        assert rows[what]["p50_to_floor"]["most"] > 0


async def test_for_people_it_is_a_table(stack: Stack, tmp_path: Path) -> None:
    with shown_home(stack, tmp_path) as home:
        done = await asyncio.to_thread(italiano, home, "bench", "all", "--rounds", "1", *TINY)
    assert done.returncode == 0, done.stderr

    rows = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| ")]
    assert {row[0].removeprefix("| ") for row in rows} >= FLOORS.keys()
    assert {len(row) for row in rows} == {8}
