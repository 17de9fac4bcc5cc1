"""`italiano bench finalize`: how fast invoices are numbered without gaps, against plain inserts.

On a Postgres of its own, durable as in production: numbers cannot be given back to a series that is in use.
"""

import asyncio
import json
import os
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from cli.bench import report
from cli.bench.finalizing import FINALIZED, PLAIN, measure_finalizing
from cli.bench.findings import Finding, rate, ratio
from cli.bench.measured import Measured
from cli.bench.processor_time import ProcessorTime
from cli.dev.postgres import EmbeddedPostgres
from cli.dev.stack_error import StackError
from cli.dev.stack_settings import stack_settings
from db.database import Database
from db.migrate import upgrade

DATABASE = "bench"


def run_finalize_bench(*, count: int, clients: int, as_json: bool) -> None:
    """Exits with 1 when something failed, a deadlock or a gap among others."""
    try:
        measured = asyncio.run(_measure(count, clients))
    except (StackError, RuntimeError) as error:
        sys.exit(f"FAIL {error}")
    found = finalize_findings(measured)
    if as_json:
        print(json.dumps(report.as_object(measured, found), indent=2))
    else:
        rows = [report.row_line(row) for row in measured]
        print("\n".join([report.heading(), *rows, *(report.finding_line(each) for each in found)]))
    failures = [failure for row in measured for failure in row.failures]
    if failures:
        sys.exit(f"FAIL {len(failures)} invoices failed, the first with {failures[0]}")


def finalize_findings(measured: Sequence[Measured]) -> list[Finding]:
    plain, finalized = measured
    what = f"{FINALIZED} / {PLAIN}, rate at {finalized.clients}"
    return [Finding(what, ratio(finalized, plain, rate))]


async def _measure(count: int, clients: int) -> list[Measured]:
    async with _own_database(clients) as (database, postgres_pid):
        processors = ProcessorTime({"postgres": postgres_pid, "bench": os.getpid()})
        return [row async for row in measure_finalizing(database, count, clients, processors)]


@asynccontextmanager
async def _own_database(connections: int) -> AsyncIterator[tuple[Database, int]]:
    with tempfile.TemporaryDirectory(prefix="italiano-") as folder:
        postgres = EmbeddedPostgres(Path(folder) / "postgres")
        await postgres.start()
        try:
            url = await postgres.create_database(DATABASE)
            await asyncio.to_thread(upgrade, url)
            unused = secrets.token_hex(32)
            settings = stack_settings(database_url=url, jwt_secret=unused, webhook_secret=unused)
            database = Database.from_settings(settings.model_copy(update={"database_pool_size": connections}))
            try:
                yield database, postgres.process.pid
            finally:
                await database.close()
        finally:
            await postgres.stop()
