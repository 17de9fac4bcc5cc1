"""`italiano bench all` as a person starts it: rounds of everything, and one table of them."""

import asyncio
import json
from pathlib import Path

import pytest

from cli.bench.measured import Measured
from cli.bench.summary import Spread, summaries, table_lines
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


def row(what: str, seconds: float, *laps: float) -> Measured:
    return Measured(what, 1, laps, (), seconds, {"worker": 0.02 * len(laps), "others": 1.0})


def test_the_table_has_medians_with_their_spread_and_each_round_beside_its_own_floor() -> None:
    rounds = [
        [row("bare signal", 0.1, 0.01, 0.01), row("webhook answered", 0.2, 0.02, 0.03)],
        [row("bare signal", 0.4, 0.04, 0.04), row("webhook answered", 2.0, 0.20, 0.20)],
        [row("bare signal", 0.1, 0.01, 0.01), row("webhook answered", 0.1, 0.01, 0.01)],
    ]
    floor, webhook = summaries([each for of_one in rounds for each in of_one])

    assert (floor.floor, floor.rate_to_floor) == (None, None)
    assert webhook.per_second == Spread(10, 1, 20)
    assert webhook.rate_to_floor == Spread(0.5, 0.2, 1)
    assert webhook.p50_to_floor == Spread(2, 1, 5)
    assert webhook.cpu_ms == {"worker": 20}
    assert table_lines([webhook])[2] == (
        "| webhook answered | 1 | 10.0 (1.0–20.0) | 20.0 (10.0–200.0) | 30.0 (10.0–200.0)"
        " | 0.50 (0.20–1.00) | 2.00 (1.00–5.00) | bare signal |"
    )


def test_a_round_whose_floor_came_to_nothing_is_in_no_ratio() -> None:
    rounds = [row("bare query", 0.1), row("bare query", 0.1, 0.01)]
    reads = [row("GET /me/subscription", 0.1, 0.02), row("GET /me/subscription", 0.1, 0.02)]

    _, read = summaries([*rounds, *reads])

    assert (read.rate_to_floor, read.p50_to_floor) == (Spread(1, 1, 1), Spread(2, 2, 2))
