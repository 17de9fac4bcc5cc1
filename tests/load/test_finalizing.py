"""Many writers finalize at once: no gap, no number twice, no deadlock."""

import os
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from cli.bench.finalize_command import finalize_findings
from cli.bench.finalizing import measure_finalizing
from cli.bench.processor_time import ProcessorTime
from db.database import Database
from tests.conftest import FreshDatabaseUrl
from tests.stack import settings_for

COUNT = 400
WRITERS = 8


@pytest.fixture
async def database(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[Database]:
    """One whose series nobody else has begun."""
    settings = settings_for(await fresh_database_url())
    database = Database.from_settings(settings.model_copy(update={"database_pool_size": WRITERS}))
    yield database
    await database.close()


async def test_eight_writers_number_without_gaps(database: Database) -> None:
    """The bench reads the numbers itself, and fails when they are not one after the other."""
    processors = ProcessorTime({"bench": os.getpid()})
    measured = [row async for row in measure_finalizing(database, COUNT, WRITERS, processors)]

    assert [(len(row.laps), row.failures, row.clients) for row in measured] == [(COUNT, (), WRITERS)] * 2
    [finding] = finalize_findings(measured)
    plain, finalized = (row.per_second for row in measured)
    assert finding.figure == pytest.approx(finalized / plain)


async def test_a_gap_is_seen(database: Database) -> None:
    """Somebody else has taken a number that no invoice of the bench has."""
    async with database.transaction() as connection:
        await connection.execute(text("INSERT INTO invoice_series VALUES ('IT', 2026, 1)"))

    with pytest.raises(RuntimeError, match="10 invoices have 10 numbers, up to IT-2026-000011"):
        [row async for row in measure_finalizing(database, 10, 2, ProcessorTime({"bench": os.getpid()}))]
