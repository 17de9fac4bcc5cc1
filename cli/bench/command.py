"""`italiano bench start`: how fast the main job is, against baselines measured in the same run."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import typer
from rich.console import Console
from temporalio.client import Client
from temporalio.exceptions import TemporalError

from cli.bench import phases, report
from cli.bench.baselines import bare_worker, layered_app
from cli.bench.findings import findings
from cli.bench.measured import Measured
from cli.bench.phases import Target
from cli.bench.processor_time import ProcessorTime
from cli.bench.students import BenchStudent, enroll
from cli.dev.found_stack import FoundStack, find_running, temporary_stack
from cli.dev.secrets_kept import secrets_of
from cli.dev.stack_error import StackError
from cli.dev.stack_settings import stack_settings
from ops.settings import Settings

WARM_UPS = 5


@dataclass(frozen=True)
class Size:
    """`starts` for each number of clients, reads for so many `seconds`."""

    starts: int
    seconds: float
    clients: tuple[int, ...]


def run_bench(*, starts: int, seconds: float, clients: str, as_json: bool) -> None:
    """`clients` as a person writes them: `1,16`."""
    size = Size(starts, seconds, _numbers(clients))
    console = Console(stderr=as_json, highlight=False)
    try:
        with _stack(console) as stack:
            measured = asyncio.run(_run(stack, size, console))
    except (StackError, RuntimeError, TemporalError) as error:
        sys.exit(f"FAIL {error}")
    found = findings(measured)
    if as_json:
        print(json.dumps(report.as_object(measured, found), indent=2))
    for finding in found:
        _say(console, report.finding_line(finding))
    failures = [failure for row in measured for failure in row.failures]
    if failures:
        sys.exit(f"FAIL {len(failures)} requests failed, the first with {failures[0]}")


@contextmanager
def _stack(console: Console) -> Iterator[FoundStack]:
    running = find_running()
    if running is not None:
        yield running
        return
    _say(console, "No stack is running here: starting one for this bench, durable as in production")
    with temporary_stack() as own:
        yield own


async def _run(stack: FoundStack, size: Size, console: Console) -> list[Measured]:
    status = stack.status
    settings = _settings(stack)
    students = iter(await enroll(settings, WARM_UPS + size.starts * len(size.clients)))
    warm = _next(students, WARM_UPS)
    jwt_secret = settings.jwt_secret.get_secret_value()
    with bare_worker(status.temporal_address) as bare_pid:
        async with layered_app(status.database_url, jwt_secret) as layered:
            processes = status.processes | {"bench": os.getpid(), "bare worker": bare_pid}
            target = Target(
                api_url=status.api_url,
                layered_url=layered.url if layered else None,
                webhook_secret=status.webhook_secret,
                temporal=await Client.connect(status.temporal_address),
                processors=ProcessorTime(processes | ({"layered app": layered.pid} if layered else {})),
            )
            await phases.warm_up(target, warm)
            _say(console, report.heading())
            measured: list[Measured] = []
            async for row in _measure(target, size, students, warm):
                _say(console, report.row_line(row))
                measured.append(row)
            return measured


async def _measure(
    target: Target, size: Size, students: Iterator[BenchStudent], paid: Sequence[BenchStudent]
) -> AsyncIterator[Measured]:
    for clients in size.clients:
        starting = _next(students, size.starts)
        for row in await phases.measure_starts(target, clients, starting):
            yield row
        for row in await phases.measure_webhooks(target, clients, starting):
            yield row
    for clients in size.clients:
        async for row in phases.measure_reads(target, clients, paid, size.seconds):
            yield row


def _numbers(clients: str) -> tuple[int, ...]:
    numbers = tuple(int(word) if word.isdecimal() else 0 for word in clients.split(","))
    if not all(numbers):
        raise typer.BadParameter(f"{clients!r} is not like 1,16", param_hint="--clients")
    return numbers


def _next(students: Iterator[BenchStudent], count: int) -> list[BenchStudent]:
    return [next(students) for _ in range(count)]


def _settings(stack: FoundStack) -> Settings:
    return stack_settings(
        database_url=stack.status.database_url,
        jwt_secret=secrets_of(stack.home).jwt_secret,
        webhook_secret=stack.status.webhook_secret,
    )


def _say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
