"""What a stack takes and how fast it is when so many subscriptions are open."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil
from temporalio.client import Client

from cli.bench import phases, renewals
from cli.bench.baselines import bare_worker
from cli.bench.findings import rate, ratio
from cli.bench.growing import Grown
from cli.bench.kept_connection import connected
from cli.bench.measured import Measured
from cli.bench.phases import Target
from cli.bench.processor_time import ProcessorTime
from cli.bench.renewals import PERIODS_A_JUMP
from cli.bench.students import enroll
from cli.dev.found_stack import FoundStack, settings_of
from db.database import Database
from db.queries.sizes import read_table_sizes

READERS = 200


@dataclass(frozen=True)
class Size:
    """For each number of open subscriptions: starts, and `seconds` for each read, by so many `clients`.

    Each of them renews one subscription, over some periods at once.
    """

    open_subscriptions: tuple[int, ...]
    starts: int
    seconds: float
    clients: int


@dataclass(frozen=True)
class AtSize:
    """`memory_bytes` of each process with its children; `temporal_bytes` are None where nobody can tell."""

    open_subscriptions: int
    seconds_to_grow: float
    memory_bytes: Mapping[str, int]
    tables_bytes: int
    temporal_bytes: int | None
    measured: Mapping[str, Measured]
    renewals_to_loop: float


async def begin(stack: FoundStack) -> Grown:
    """With one subscription, truly started by card."""
    [student] = await enroll(settings_of(stack), 1)
    async with connected(stack.status.api_url) as http:
        original = await renewals.subscribe(http, student)
    return Grown(stack, await Client.connect(stack.status.temporal_address), original, [])


async def measure_at(grown: Grown, count: int, size: Size) -> AtSize:
    """Memory first: what is measured afterwards takes some, too."""
    began = time.monotonic()
    await grown.grow(count)
    seconds = time.monotonic() - began
    status = grown.stack.status
    memory = {name: _memory_bytes(pid) for name, pid in status.processes.items()}
    tables, temporal_bytes = await _tables_bytes(grown.stack), _file_bytes(grown.stack.home.temporal_database)
    with bare_worker(status.temporal_address) as bare_pid:
        processors = ProcessorTime(status.processes | {"bench": os.getpid(), "bare worker": bare_pid})
        measured = await _measure(grown, processors, size)
    loop, renewal = measured[renewals.LOOP], measured[renewals.RENEWAL]
    return AtSize(count, seconds, memory, tables, temporal_bytes, measured, ratio(renewal, loop, rate))


async def _measure(grown: Grown, processors: ProcessorTime, size: Size) -> dict[str, Measured]:
    status, settings = grown.stack.status, settings_of(grown.stack)
    target = Target(status.api_url, None, status.webhook_secret, grown.temporal, processors)
    rows = [
        row async for row in phases.measure_reads(target, size.clients, grown.sample(READERS), size.seconds)
    ]
    by_hand, by_card = [await enroll(settings, size.starts) for _ in range(2)]
    rows += await phases.measure_starts(target, 1, by_hand, by_card)
    renewing = renewals.Target(grown.temporal, status.psp_url, status.psp_api_key, processors)
    cold = grown.take(size.clients)
    rows += await renewals.measure_renewals(renewing, cold, len(cold) * PERIODS_A_JUMP, charged_before=0)
    return {row.what: row for row in rows}


def _memory_bytes(pid: int) -> int:
    """In proportion to how many share each page, where the system tells that."""
    process = psutil.Process(pid)
    infos = [each.memory_full_info() for each in (process, *process.children(recursive=True))]
    return sum(getattr(info, "pss", info.rss) for info in infos)


async def _tables_bytes(stack: FoundStack) -> int:
    database = Database.from_settings(settings_of(stack))
    try:
        async with database.read() as connection:
            return sum(size.total_bytes for size in (await read_table_sizes(connection)).values())
    finally:
        await database.close()


def _file_bytes(database: Path) -> int | None:
    """Of the Temporal of a local stack, and what was not yet put into its file."""
    parts = [path for path in (database, Path(f"{database}-wal")) if path.exists()]
    return sum(path.stat().st_size for path in parts) if parts else None
