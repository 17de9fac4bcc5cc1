"""The commands that a deployment runs, and the ways without make."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from cli.dev.child_process import ChildProcess
from cli.dev.postgres import EmbeddedPostgres
from cli.dev.processes import ProductProcess
from cli.dev.temporal import EmbeddedTemporal
from db.migrate import head_revision
from tests.deadline import LONGEST_SECONDS, eventually
from tests.free_port import free_port
from tests.stack import Stack
from tests.warm_python import run_italiano

COMMANDS = (
    "dev",
    "status",
    "reset",
    "demo",
    "sub",
    "invoice",
    "payment",
    "dunning",
    "event",
    "trigger",
    "doctor",
    "clock",
    "report",
    "plan",
    "webhook",
    "reconcile",
    "replay-check",
    "ordered",
    "api",
    "worker",
    "sandbox-psp",
    "trace-collector",
    "migrate",
    "create-admin",
    "create-support",
)
EXAMPLE = Path(__file__).parents[2] / ".env.example"


async def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A module and its arguments, to their end."""
    module, *arguments = command
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | environment
    if module == "cli.main":
        return await asyncio.to_thread(run_italiano, *arguments, environment=kept)
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", *command],
        env=kept,
        capture_output=True,
        text=True,
        check=False,
    )


async def test_without_a_command_it_tells_what_there_is() -> None:
    told = (await run("cli.main")).stdout
    assert [command for command in COMMANDS if f" {command} " not in told] == []


async def test_migrate_brings_an_empty_database_to_the_newest_schema(postgres: EmbeddedPostgres) -> None:
    url = await postgres.create_database("migrated_by_command")
    for _ in range(2):
        done = await run("cli.main", "migrate", DATABASE_URL=url)
        assert (done.returncode, done.stdout) == (0, f"the schema is at revision {head_revision()}\n")


async def test_migrate_needs_to_be_told_the_database() -> None:
    done = await run("cli.main", "migrate")
    assert (done.returncode, done.stderr) == (1, "DATABASE_URL is not set\n")


async def test_status_of_no_stack_says_how_to_start_one(tmp_path: Path) -> None:
    done = await run("cli.main", "status", "--json", ITALIANO_HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"FAIL no stack is running on {tmp_path}; start it with `make up`\n"


async def test_asked_to_stop_api_and_worker_end_with_0(stack: Stack, tmp_path: Path) -> None:
    ports = {"API_PORT": str(free_port()), "WORKER_METRICS_PORT": str(free_port())}
    environment = stack.environment | ports
    api = ProductProcess.api(int(ports["API_PORT"]), environment, tmp_path / "api.log")
    worker = ProductProcess.worker(int(ports["WORKER_METRICS_PORT"]), environment, tmp_path / "worker.log")
    await asyncio.gather(api.start(), worker.start())
    async with httpx2.AsyncClient(
        base_url=f"http://127.0.0.1:{ports['API_PORT']}", timeout=LONGEST_SECONDS
    ) as http:
        assert "server" not in (await http.get("/healthz")).headers
        assert tuple(await asyncio.gather(api.stop(), worker.stop())) == (0, 0)
        with pytest.raises(httpx2.TransportError):
            await http.get("/healthz")


async def test_alembic_and_uvicorn_run_it_by_hand(
    postgres: EmbeddedPostgres, temporal_server: EmbeddedTemporal, tmp_path: Path
) -> None:
    environment = os.environ | example_variables()
    environment["DATABASE_URL"] = await postgres.create_database("by_hand")
    environment |= {"TEMPORAL_ADDRESS": temporal_server.address, "TEMPORAL_NAMESPACE": "default"}
    migrated = await run("alembic", "upgrade", "head", **environment)
    assert migrated.returncode == 0, migrated.stderr
    async with served_by_uvicorn(environment, tmp_path) as http:

        async def is_ready() -> bool:
            return bool((await http.get("/readyz")).json()["status"] == "ready")

        await eventually(is_ready)  # its first connections may take longer than the check waits


def example_variables() -> dict[str, str]:
    lines = (line.strip() for line in EXAMPLE.read_text().splitlines())
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@asynccontextmanager
async def served_by_uvicorn(environment: dict[str, str], folder: Path) -> AsyncIterator[httpx2.AsyncClient]:
    port = str(free_port())
    command = [sys.executable, "-m", "uvicorn", "api.main:app", "--port", port]
    server = ChildProcess("uvicorn", command, environment=environment, log_file=folder / "uvicorn.log")
    server.start()
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=LONGEST_SECONDS) as http:

        async def answers() -> bool:
            try:
                return (await http.get("/healthz")).is_success
            except httpx2.TransportError:
                return False

        await server.wait_ready(answers)
        yield http
    await server.stop()


@pytest.mark.parametrize(
    "command", [("migrate",), ("reconcile", "--fix"), ("plan", "migrate", "P30D", "--to-version", "1")]
)
async def test_books_that_are_away_are_a_sentence(stack: Stack, command: tuple[str, ...]) -> None:
    nowhere = {"DATABASE_URL": "postgresql+psycopg://a:b@127.0.0.1:1/none"}
    done = await run("cli.main", *command, **stack.environment | nowhere)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[-1].startswith("FAIL Postgres cannot be reached"), done.stderr
    assert "Traceback" not in done.stderr
