"""The phases of `italiano bench size`: starts, then renewals on turned clocks, and what each leaves."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from cli.bench import renewals
from cli.bench.bare_workflow import A_PERIOD
from cli.bench.kept_connection import connected
from cli.bench.students import enroll
from cli.dev.found_stack import FoundStack, settings_of
from db.database import Database
from db.queries.sizes import TableSize, Written, read_table_sizes, read_written

COUNTED_AFTER_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 120.0
NOTHING = TableSize(0, 0)
PERIODS = "periods"
AT_ONCE = 8


@dataclass(frozen=True)
class Reading:
    """At one moment; `history_*` are of all workflows that were started for this, together."""

    tables: Mapping[str, TableSize]
    written: Written
    history_bytes: int
    history_events: int


@dataclass(frozen=True)
class Left:
    """What one start, or one renewal, has left behind on average. `tables` have bytes and rows."""

    what: str
    count: int
    tables: Mapping[str, tuple[float, float]]
    written: Mapping[str, float]
    history_bytes: float
    history_events: float

    @property
    def table_bytes(self) -> float:
        return sum(size for size, _ in self.tables.values())

    def rows(self, table: str) -> float:
        return self.tables.get(table, (0.0, 0.0))[1]


async def measure_sizes(stack: FoundStack, subscriptions: int, periods: int) -> list[Left]:
    """Of starts, and of renewals after them, while nobody else uses the stack.

    No more periods than a run of the workflow lives: the histories of earlier ones are not read. Raises
    `RuntimeError` when a period was left out, or billed twice.
    """
    settings = settings_of(stack)
    database = Database.from_settings(settings)
    try:
        students = await enroll(settings, subscriptions)
        temporal = await Client.connect(stack.status.temporal_address)
        empty = await _read(database, [], {}, 0)
        async with connected(stack.status.api_url) as http:
            started = [await renewals.subscribe(http, student) for student in students]
        workflows = [temporal.get_workflow_handle(student.workflow_id) for student in started]
        await _turn(temporal, workflows, A_PERIOD / 2)
        begun = await _read(database, workflows, empty.tables, subscriptions)
        for _ in range(periods):
            await _turn(temporal, workflows, A_PERIOD)
        renewed = await _read(database, workflows, begun.tables, subscriptions * periods)
    finally:
        await database.close()
    left = [
        _left("start", empty, begun, subscriptions),
        _left("renewal", begun, renewed, subscriptions * periods),
    ]
    if any(each.rows("invoices") != 1 for each in left):
        raise RuntimeError("not every period was billed once")
    return left


async def _turn(temporal: Client, workflows: Sequence[WorkflowHandle[Any, Any]], by: timedelta) -> None:
    skipper = TimeSkipper(temporal, config=TimeSkippingConfig(enabled=False))
    some = asyncio.Semaphore(AT_ONCE)

    async def one(workflow: WorkflowHandle[Any, Any]) -> None:
        async with some:
            await skipper.fast_forward(workflow, by)

    await asyncio.gather(*(one(workflow) for workflow in workflows))


async def _read(
    database: Database,
    workflows: Sequence[WorkflowHandle[Any, Any]],
    before: Mapping[str, TableSize],
    begun: int,
) -> Reading:
    """Once so many periods have begun since, and what sessions have counted is told."""
    await _have_begun(database, before.get(PERIODS, NOTHING).row_count + begun)
    await asyncio.sleep(COUNTED_AFTER_SECONDS)
    described = [(await workflow.describe()).raw_description for workflow in workflows]
    infos = [description.workflow_execution_info for description in described]
    async with database.read() as connection:
        return Reading(
            await read_table_sizes(connection),
            await read_written(connection),
            sum(info.history_size_bytes for info in infos),
            sum(info.history_length for info in infos),
        )


async def _have_begun(database: Database, count: int) -> None:
    async with asyncio.timeout(LONGEST_WAIT_SECONDS):
        while True:
            async with database.read() as connection:
                tables = await read_table_sizes(connection)
            if tables[PERIODS].row_count >= count:
                return
            await asyncio.sleep(COUNTED_AFTER_SECONDS / 4)


def _left(what: str, before: Reading, after: Reading, count: int) -> Left:
    tables = {
        name: (
            (size.total_bytes - before.tables.get(name, NOTHING).total_bytes) / count,
            (size.row_count - before.tables.get(name, NOTHING).row_count) / count,
        )
        for name, size in after.tables.items()
    }
    written = {
        field.name: (getattr(after.written, field.name) - getattr(before.written, field.name)) / count
        for field in fields(Written)
    }
    return Left(
        what,
        count,
        {name: grown for name, grown in tables.items() if any(grown)},
        written,
        (after.history_bytes - before.history_bytes) / count,
        (after.history_events - before.history_events) / count,
    )
