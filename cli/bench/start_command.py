"""`italiano bench start`: how fast the main job is, against baselines measured in the same run."""

import os
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

from temporalio.client import Client

from cli.bench import phases
from cli.bench.around import client_numbers, run_phases
from cli.bench.baselines import bare_worker, layered_app
from cli.bench.findings import findings
from cli.bench.measured import Measured
from cli.bench.phases import Target
from cli.bench.processor_time import ProcessorTime
from cli.bench.students import BenchStudent, enroll
from cli.dev.found_stack import FoundStack, settings_of

WARM_UPS = 5


@dataclass(frozen=True)
class Size:
    """`starts` for each number of clients, reads for so many `seconds`."""

    starts: int
    seconds: float
    clients: tuple[int, ...]


def run_bench(*, starts: int, seconds: float, clients: str, as_json: bool) -> None:
    """`clients` as a person writes them: `1,16`."""
    size = Size(starts, seconds, client_numbers(clients))
    run_phases(lambda stack: _run(stack, size), findings, as_json=as_json)


async def _run(stack: FoundStack, size: Size) -> AsyncIterator[Measured]:
    status = stack.status
    settings = settings_of(stack)
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
            async for row in _measure(target, size, students, warm):
                yield row


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


def _next(students: Iterator[BenchStudent], count: int) -> list[BenchStudent]:
    return [next(students) for _ in range(count)]
