"""What the reports of growth take on two years of books: `python -m tests.load.report_times 100000`.

On a Postgres of its own, durable as in production, in a folder that is removed again.
"""

import asyncio
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from cli.bench.processor_time import ProcessorTime
from cli.dev.postgres import EmbeddedPostgres
from db.migrate import upgrade
from tests.load.two_years import fill
from tests.stack import JWT_SECRET, WEBHOOK_SECRET

REPORTS = ("mrr", "churn", "recovery", "renewals")
POSTGRES = "postgres"
KIB_A_MIB = 1_024


@dataclass(frozen=True)
class Taken:
    """By one command, its start included; `peak_mib` is its memory, without that of Postgres."""

    report: str
    seconds: float
    cpu_seconds: float
    postgres_cpu_seconds: float
    peak_mib: float


def measure(database_url: str, postgres_pid: int) -> list[Taken]:
    """Each report once, while nobody else asks that server. Raises `RuntimeError` when one fails."""
    return [_measure(report, database_url, postgres_pid) for report in REPORTS]


def _measure(report: str, database_url: str, postgres_pid: int) -> Taken:
    processors = ProcessorTime({POSTGRES: postgres_pid})
    environment = {
        "BILLING_ENVIRONMENT": "test",
        "DATABASE_URL": database_url,
        "JWT_SECRET": JWT_SECRET,
        "PAYMENTS_WEBHOOK_SECRET": WEBHOOK_SECRET,
    }
    before, began = processors.read()[POSTGRES], time.monotonic()
    command = [sys.executable, "-m", "cli.main", "report", report]
    with subprocess.Popen(command, env=os.environ | environment, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"the report {report} ended with {process.returncode}")
    seconds = time.monotonic() - began
    postgres = processors.read()[POSTGRES] - before
    return Taken(report, seconds, used.ru_utime + used.ru_stime, postgres, used.ru_maxrss / KIB_A_MIB)


async def main(count: int) -> None:
    with TemporaryDirectory() as folder:
        postgres = EmbeddedPostgres(Path(folder) / "postgres")
        await postgres.start()
        try:
            database_url = await postgres.create_database("two_years")
            await asyncio.to_thread(upgrade, database_url)
            await asyncio.to_thread(fill, database_url, count)
            for taken in await asyncio.to_thread(measure, database_url, postgres.process.pid):
                print(  # noqa: T201 - a person runs it to read this
                    f"{taken.report:10}{taken.seconds:6.1f} s, CPU {taken.cpu_seconds:.1f} s and"
                    f" {taken.postgres_cpu_seconds:.1f} s in Postgres, {taken.peak_mib:.0f} MiB"
                )
        finally:
            await postgres.stop()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
