"""`italiano bench all`: every operation beside bare Temporal, in rounds: a slow moment hits all alike."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from itertools import islice

from rich.console import Console
from temporalio.client import Client

from cli.bench import phases, renewals, report
from cli.bench.around import end_with_failures, measure_all, say
from cli.bench.baselines import bare_worker
from cli.bench.floors import measure_floors
from cli.bench.kept_connection import connected
from cli.bench.measured import Measured
from cli.bench.operations import wait_for_access
from cli.bench.phases import Target
from cli.bench.processor_time import ProcessorTime
from cli.bench.renewals import PERIODS_A_JUMP
from cli.bench.students import BenchStudent, enroll
from cli.bench.summary import summaries, table_lines
from cli.dev.found_stack import FoundStack, settings_of
from cli.dev.status import Status

WARM_UPS = 5


@dataclass(frozen=True)
class Size:
    """Of a round, for each number of clients: starts of each kind, renewals, and `seconds` for each read.

    At least one start and one jump over some renewals for each client.
    """

    rounds: int
    starts: int
    renewals: int
    seconds: float
    clients: tuple[int, ...]


def run_all_bench(size: Size, *, as_json: bool) -> None:
    """Exits with 1 when something failed."""
    console = Console(stderr=as_json, highlight=False)
    measured = measure_all(lambda stack: _run(stack, size), console)
    end_with_failures(measured)  # some of a round may be missing then
    rows = summaries(measured)
    if as_json:
        told = {
            "machine": report.machine(),
            "rounds": size.rounds,
            "operations": [asdict(row) for row in rows],
        }
        print(json.dumps(told, indent=2))
    else:
        for line in table_lines(rows):
            say(console, line)


async def _run(stack: FoundStack, size: Size) -> AsyncIterator[Measured]:
    status = stack.status
    count = 2 * sum(max(size.starts, clients) for clients in size.clients) * size.rounds
    students = iter(await enroll(settings_of(stack), WARM_UPS + count))
    warm = list(islice(students, WARM_UPS))
    with bare_worker(status.temporal_address) as bare_pid:
        target = Target(
            api_url=status.api_url,
            layered_url=None,
            webhook_secret=status.webhook_secret,
            temporal=await Client.connect(status.temporal_address),
            processors=ProcessorTime(status.processes | {"bench": os.getpid(), "bare worker": bare_pid}),
        )
        await phases.warm_up(target, warm)
        for _ in range(size.rounds):
            for clients in size.clients:
                async for row in _round(target, status, size, clients, students):
                    yield row


async def _round(
    target: Target, status: Status, size: Size, clients: int, students: Iterator[BenchStudent]
) -> AsyncIterator[Measured]:
    """Ends early when starts have failed, which is told at the end."""
    starting, by_card = (list(islice(students, max(size.starts, clients))) for _ in range(2))
    for row in await phases.measure_starts(target, clients, starting, by_card):
        yield row
    for row in await phases.measure_webhooks(target, clients, starting):
        yield row
    for row in await measure_floors(
        target.temporal, target.processors, clients, size.starts // 2, size.seconds
    ):
        yield row
    paying = [student for student in by_card if student.workflow_id]
    if len(paying) < clients:
        return
    async with connected(status.api_url) as http:
        for student in paying:
            await wait_for_access(http, student)
    async for row in phases.measure_reads(target, clients, paying, size.seconds):
        yield row
    renewing = renewals.Target(target.temporal, status.psp_url, status.psp_api_key, target.processors)
    count = max(size.renewals, clients * PERIODS_A_JUMP)
    for row in await renewals.measure_renewals(renewing, paying[:clients], count):
        yield row
