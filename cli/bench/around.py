"""What every bench has around its phases: a stack, lines while it runs, findings at its end."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager

import typer
from rich.console import Console
from temporalio.exceptions import TemporalError

from cli.bench import report
from cli.bench.findings import Finding
from cli.bench.measured import Measured
from cli.dev.found_stack import FoundStack, find_running, temporary_stack
from cli.dev.stack_error import StackError

Phases = Callable[[FoundStack], AsyncIterator[Measured]]
Findings = Callable[[Sequence[Measured]], Sequence[Finding]]


def run_phases(phases: Phases, find: Findings, *, as_json: bool) -> None:
    """Exits with 1 when something failed: figures of a product that does not work mean nothing."""
    console = Console(stderr=as_json, highlight=False)
    measured = measure_all(phases, console)
    found = find(measured)
    if as_json:
        print(json.dumps(report.as_object(measured, found), indent=2))
    for finding in found:
        say(console, report.finding_line(finding))
    end_with_failures(measured)


def measure_all(phases: Phases, console: Console) -> list[Measured]:
    """On a stack, with a line for each while it runs. Ends the process where it cannot be measured."""
    try:
        with bench_stack(console) as stack:
            return asyncio.run(_shown(phases(stack), console))
    except (StackError, RuntimeError, TemporalError) as error:
        sys.exit(f"FAIL {error}")


def end_with_failures(measured: Sequence[Measured]) -> None:
    failures = [failure for row in measured for failure in row.failures]
    if failures:
        sys.exit(f"FAIL {len(failures)} requests failed, the first with {failures[0]}")


def client_numbers(clients: str) -> tuple[int, ...]:
    return numbers_in(clients, "--clients")


def numbers_in(written: str, option: str) -> tuple[int, ...]:
    """Of `1,16`, as a person writes it."""
    numbers = tuple(int(word) if word.isdecimal() else 0 for word in written.split(","))
    if not all(numbers):
        raise typer.BadParameter(f"{written!r} is not like 1,16", param_hint=option)
    return numbers


@contextmanager
def bench_stack(console: Console) -> Iterator[FoundStack]:
    """The stack that runs here or, without one, its own for a while."""
    running = find_running()
    if running is not None:
        yield running
        return
    say(console, "No stack is running here: starting one for this bench, durable as in production")
    with temporary_stack() as own:
        yield own


async def _shown(phases: AsyncIterator[Measured], console: Console) -> list[Measured]:
    measured: list[Measured] = []
    async for row in phases:
        if not measured:
            say(console, report.heading())
        say(console, report.row_line(row))
        measured.append(row)
    return measured


def say(console: Console, line: str) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
