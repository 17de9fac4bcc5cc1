"""`italiano bench growth`: what so many open subscriptions take, and whether anything gets slower by them."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

from rich.console import Console
from temporalio.exceptions import TemporalError

from cli.bench import report
from cli.bench.around import bench_stack, end_with_failures, numbers_in, say
from cli.bench.growth import AtSize, Size, begin, measure_at
from cli.bench.operations import LESSONS
from cli.bench.phases import BY_CARD
from cli.bench.renewals import RENEWAL
from cli.dev.found_stack import FoundStack
from cli.dev.stack_error import StackError

MIB = 1024 * 1024
READ, ACCESS_CHECK = "GET /me/subscription", f"GET {LESSONS}"


def sizes(written: str) -> tuple[int, ...]:
    """Of `1000,10000`, as a person writes it; in the order in which they are grown to."""
    return tuple(sorted(numbers_in(written, "--open")))


def run_growth_bench(size: Size, *, as_json: bool) -> None:
    """Exits with 1 when something failed, a renewal that was not charged once among others."""
    console = Console(stderr=as_json, highlight=False)
    try:
        with bench_stack(console) as stack:
            reached = asyncio.run(_all(stack, size, console))
    except TimeoutError:
        sys.exit("FAIL not all workflows ran in time")
    except (StackError, RuntimeError, TemporalError) as error:
        sys.exit(f"FAIL {error}")
    if as_json:
        told = {"machine": report.machine(), "sizes": [_as_object(each) for each in reached]}
        print(json.dumps(told, indent=2))
    end_with_failures([row for each in reached for row in each.measured.values()])


async def _all(stack: FoundStack, size: Size, console: Console) -> list[AtSize]:
    """Tells of each as soon as it is measured."""
    for line in HEADING:
        say(console, line)
    reached: list[AtSize] = []
    async for each in _reached(stack, size):
        say(console, _line(each))
        reached.append(each)
    return reached


async def _reached(stack: FoundStack, size: Size) -> AsyncIterator[AtSize]:
    grown = await begin(stack)
    for count in size.open_subscriptions:
        yield await measure_at(grown, count, size)


COLUMNS = (
    "open",
    "grown in s",
    "MiB of worker, Temporal, Postgres, API",
    "MiB stored: Postgres, Temporal",
    "read p50, p99 ms",
    "access p50, p99 ms",
    "start by card p50 ms",
    "renewals/s",
    "/ bare loop",
)
HEADING = (f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|")


def _line(at: AtSize) -> str:
    memory = ", ".join(_mib(at.memory_bytes.get(name)) for name in ("worker", "temporal", "postgres", "api"))
    read, access = (at.measured[what] for what in (READ, ACCESS_CHECK))
    cells = [
        f"{at.open_subscriptions:,}",
        f"{at.seconds_to_grow:.0f}",
        memory,
        f"{_mib(at.tables_bytes)}, {_mib(at.temporal_bytes)}",
        *(f"{row.percentile_ms(50):.1f}, {row.percentile_ms(99):.1f}" for row in (read, access)),
        f"{at.measured[BY_CARD].percentile_ms(50):.0f}",
        f"{at.measured[RENEWAL].per_second:.1f}",
        f"{at.renewals_to_loop:.2f}",
    ]
    return f"| {' | '.join(cells)} |"


def _mib(size: int | None) -> str:
    return "?" if size is None else f"{size / MIB:.0f}"


def _as_object(at: AtSize) -> dict[str, Any]:
    return {
        "open": at.open_subscriptions,
        "seconds_to_grow": round(at.seconds_to_grow, 1),
        "memory_bytes": dict(at.memory_bytes),
        "tables_bytes": at.tables_bytes,
        "temporal_bytes": at.temporal_bytes,
        "measured": [report.row_object(row) for row in at.measured.values()],
        "renewals_to_loop": round(at.renewals_to_loop, 3),
    }
