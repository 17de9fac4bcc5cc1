"""`italiano bench overload`: what is too much is refused in time, and nothing of what was taken is lost."""

import asyncio
import json
import sys
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from temporalio.exceptions import TemporalError

from cli.bench import overload, renewals, report
from cli.bench.answers import Answers, Connections
from cli.bench.around import bench_stack
from cli.bench.kept_connection import connected
from cli.bench.measured import percentile_ms
from cli.bench.mix import Load, Mix
from cli.bench.overload import MOST_PROBES, PROBES, Recovery
from cli.bench.overload_checks import find_lost
from cli.bench.students import BenchStudent, enroll
from cli.dev.found_stack import FoundStack, settings_of
from cli.dev.stack_error import StackError

READERS = 8


@dataclass(frozen=True)
class Size:
    """So many `turns` to find out the capacity, and so many `times` that for so many `seconds`.

    Then it has `recovery_seconds` to be as before.
    """

    turns: int
    times: float
    seconds: float
    recovery_seconds: float


@dataclass(frozen=True)
class Overloaded:
    """Rates are turns a second of the mix of requests."""

    capacity: float
    offered: float
    load: Load
    recovery: Recovery
    lost: list[str]

    @property
    def failures(self) -> list[str]:
        recovered = (
            [] if self.recovery.is_complete else [f"no start as before after {self.recovery.seconds:.0f} s"]
        )
        return [*self.load.wrong, *recovered, *self.lost]


def run_overload_bench(size: Size, *, as_json: bool) -> None:
    """Exits with 1 when something was answered wrongly, is lost, or does not come back."""
    console = Console(stderr=as_json, highlight=False)
    try:
        with bench_stack(console) as stack:
            done = asyncio.run(_run(stack, size))
    except (StackError, RuntimeError, TemporalError) as error:
        sys.exit(f"FAIL {error}")
    if as_json:
        print(json.dumps(_as_object(done), indent=2))
    else:
        for line in _lines(done):
            console.print(line, soft_wrap=True)
    if done.failures:
        sys.exit(f"FAIL {len(done.failures)} of them, the first: {done.failures[0]}")


async def _run(stack: FoundStack, size: Size) -> Overloaded:
    status, settings = stack.status, settings_of(stack)
    connections = Connections(status.api_url)
    readers = await _readers(stack)
    before_ms = await overload.median_start_ms(status.api_url, await enroll(settings, PROBES))

    async def mix(turns: int) -> Mix:
        students = iter(await enroll(settings, turns))
        return Mix(connections, status.webhook_secret, students, readers)

    capacity = await overload.find_capacity(await mix(size.turns), size.turns)
    if not capacity:
        raise RuntimeError("not one start succeeded before the overload")
    turns = round(size.times * capacity * size.seconds)
    overloading = await mix(turns)
    late_comers = await enroll(settings, MOST_PROBES)
    await overload.overload(overloading, size.times * capacity, turns)
    recovery = await overload.recover(status.api_url, before_ms, late_comers, size.recovery_seconds)
    connections.close()
    lost = await find_lost(status, overloading.load)
    return Overloaded(capacity, size.times * capacity, overloading.load, recovery, lost)


async def _readers(stack: FoundStack) -> list[BenchStudent]:
    async with connected(stack.status.api_url) as http:
        students = await enroll(settings_of(stack), READERS)
        return [await renewals.subscribe(http, student) for student in students]


def _lines(done: Overloaded) -> list[str]:
    recovery, load = done.recovery, done.load
    return [
        f"{done.capacity:.1f} turns a second are answered; {done.offered:.1f} were sent",
        f"{'':<12}{'sent':>8}{'done':>8}{'p50 ms':>9}{'p99 ms':>9}{'refused':>9}{'p99 ms':>9}{'wrong':>7}",
        *(_line(kind, answers) for kind, answers in load.kinds.items()),
        f"start: {recovery.before_ms:.0f} ms before, {recovery.after_ms:.0f} {recovery.seconds:.1f} s after",
        f"of {len(load.started)} starts and {len(load.paid)} webhooks taken {len(done.lost)} are lost",
    ]


def _line(kind: str, answers: Answers) -> str:
    done, refused = answers.succeeded, answers.refused
    return (
        f"{kind:<12}{answers.count:>8}{len(done):>8}{percentile_ms(done, 50):>9.0f}"
        f"{percentile_ms(done, 99):>9.0f}{len(refused):>9}{percentile_ms(refused, 99):>9.0f}"
        f"{len(answers.wrong):>7}"
    )


def _as_object(done: Overloaded) -> dict[str, Any]:
    return {
        "machine": report.machine(),
        "capacity": round(done.capacity, 2),
        "offered": round(done.offered, 2),
        "answers": {kind: _answers_object(answers) for kind, answers in done.load.kinds.items()},
        "recovery": asdict(done.recovery),
        "taken": {"starts": len(done.load.started), "webhooks": len(done.load.paid)},
        "failures": done.failures,
    }


def _answers_object(answers: Answers) -> dict[str, Any]:
    return {
        "sent": answers.count,
        "statuses": {str(status): count for status, count in sorted(answers.statuses.items())},
        "succeeded": len(answers.succeeded),
        "p50_ms": round(percentile_ms(answers.succeeded, 50), 1),
        "p99_ms": round(percentile_ms(answers.succeeded, 99), 1),
        "refused": len(answers.refused),
        "refused_p99_ms": round(percentile_ms(answers.refused, 99), 1),
        "wrong": len(answers.wrong),
    }
