"""The phases of a run. What is compared takes turns, so that both meet the same moments of the machine."""

import itertools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

from temporalio.client import Client as Temporal

from cli.bench import operations
from cli.bench.kept_connection import KeptConnection, connected
from cli.bench.measured import Client, Laps, Measured, measure
from cli.bench.processor_time import ProcessorTime
from cli.bench.students import BenchStudent

TURNS = 4
BARE = "bare update-with-start"
START = "start"
BY_CARD = "start by card"
WEBHOOK = "webhook answered"
ACCESS = "webhook → access"
READS = ("/me/subscription", operations.LESSONS)
LAYERED = "layered app, "


Starter = Callable[[KeptConnection, BenchStudent], Awaitable[str | None]]


@dataclass(frozen=True)
class Target:
    """What the load is sent to."""

    api_url: str
    layered_url: str | None
    webhook_secret: str
    temporal: Temporal
    processors: ProcessorTime


async def warm_up(target: Target, students: Sequence[BenchStudent]) -> None:
    """First calls connect, import and fill caches. Raises `RuntimeError` when the main job does not work."""
    await operations.start_bare(target.temporal)
    async with connected(target.api_url) as http:
        for student in students:
            failure = await operations.start(http, student) or await operations.pay_and_wait(
                http, student, target.webhook_secret
            )
            if failure:
                raise RuntimeError(failure)


async def measure_starts(
    target: Target,
    clients: int,
    students: Sequence[BenchStudent],
    by_card: Sequence[BenchStudent] | None = None,
) -> list[Measured]:
    """As many bare ones and, where there are students for it, as many by card."""
    blocks: dict[str, list[Measured]] = {}
    for turn, paying in zip(_turns(students), _turns(by_card or students), strict=True):
        workers = {
            BARE: _bare_client(target, iter(turn)),
            START: _start_client(target, iter(turn), operations.start),
        }
        if by_card is not None:
            workers[BY_CARD] = _start_client(target, iter(paying), operations.start_with_card)
        for what, client in workers.items():
            blocks.setdefault(what, []).append(await measure(what, clients, client, target.processors))
    return [reduce(add, of_one) for of_one in blocks.values()]


async def measure_webhooks(target: Target, clients: int, students: Sequence[BenchStudent]) -> list[Measured]:
    """One half only sends; the other half waits, each client for its access, before it sends the next."""
    unpaid = [student for student in students if student.payment_id]
    half = len(unpaid) // 2
    answered = await measure(
        WEBHOOK, clients, _webhook_client(target, iter(unpaid[:half])), target.processors
    )
    async with connected(target.api_url) as http:
        for student in unpaid[:half]:
            await operations.wait_for_access(http, student)
    access = await measure(
        ACCESS, clients, _access_client(target, clients, iter(unpaid[half:])), target.processors
    )
    return [answered, access]


async def measure_reads(
    target: Target, clients: int, students: Sequence[BenchStudent], seconds: float
) -> AsyncIterator[Measured]:
    for path in READS:
        blocks: dict[str, list[Measured]] = {}
        for _ in range(TURNS):
            for what, url in (("", target.api_url), (LAYERED, target.layered_url)):
                if url is not None:
                    client = _read_client(url, path, itertools.cycle(students), seconds / TURNS)
                    block = await measure(f"{what}GET {path}", clients, client, target.processors)
                    blocks.setdefault(what, []).append(block)
        for of_one in blocks.values():
            yield reduce(add, of_one)


def _turns(students: Sequence[BenchStudent]) -> Iterator[Sequence[BenchStudent]]:
    size = -(-len(students) // TURNS)
    for first in range(0, len(students), size):
        yield students[first : first + size]


# Each client takes its next student from the pile that it shares with the others, until that is empty.


def _bare_client(target: Target, pile: Iterator[BenchStudent]) -> Client:
    async def work(laps: Laps) -> None:
        for _ in pile:
            await laps.time(operations.start_bare(target.temporal))

    return work


def _start_client(target: Target, pile: Iterator[BenchStudent], start: Starter) -> Client:
    async def work(laps: Laps) -> None:
        async with connected(target.api_url) as http:
            for student in pile:
                await laps.time(start(http, student))

    return work


def _webhook_client(target: Target, pile: Iterator[BenchStudent]) -> Client:
    async def work(laps: Laps) -> None:
        async with connected(target.api_url) as http:
            for student in pile:
                await laps.time(operations.report_payment(http, student, target.webhook_secret))

    return work


def _access_client(target: Target, clients: int, pile: Iterator[BenchStudent]) -> Client:
    async def work(laps: Laps) -> None:
        async with connected(target.api_url) as http:
            for student in pile:
                await laps.time(operations.pay_and_wait(http, student, target.webhook_secret, clients))

    return work


def _read_client(url: str, path: str, students: Iterator[BenchStudent], seconds: float) -> Client:
    async def work(laps: Laps) -> None:
        async with connected(url) as http:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                await laps.time(operations.read(http, path, next(students)))

    return work
