"""A database that is put back to what it was: by the scripts and commands that a person takes for it."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from temporalio.client import Client

from cli.dev.postgres import programs
from db.database import Database
from tests.client import Student
from tests.deadline import eventually
from tests.lives import World
from tests.stack import PrivateStack
from tests.staff import hire
from tests.warm_python import run_italiano

HTTP_SECONDS = 60
ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "ops/postgres"

Done = subprocess.CompletedProcess[str]


@dataclass
class Restorable:
    """A stack of its own, whose database is backed up and restored."""

    stack: PrivateStack
    world: World
    admin: Student

    async def back_up(self, file: Path) -> None:
        done = await self._script("backup.sh", file)
        assert done.returncode == 0, done.stderr

    async def restore(self, file: Path) -> Done:
        return await self._script("restore.sh", file)

    async def everybody_stops(self) -> None:
        """API and worker; also the test's own sessions."""
        await asyncio.gather(self.stack.stop_api(), self.stack.stop_worker(), self.world.database.close())

    async def everybody_starts(self) -> None:
        await asyncio.gather(self.stack.start_api(), self.stack.start_worker())

    async def is_restored(self, file: Path) -> None:
        """Sessions end a moment after those who had them."""

        async def done() -> bool:
            restored = await self.restore(file)
            assert restored.returncode == 0, restored.stderr
            return restored.stdout.startswith("restored: ")

        await eventually(done)
        self.world.database = Database.from_settings(self.stack.settings)

    async def italiano(self, *arguments: str) -> tuple[int, Any]:
        """Runs a command that answers in JSON."""
        done = await asyncio.to_thread(run_italiano, *arguments, "--json", environment=self.stack.environment)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)

    async def findings(self, *options: str) -> dict[str, list[dict[str, Any]]]:
        """Of `italiano reconcile`, by the rules that found something."""
        _, told = await self.italiano("reconcile", "--young", *options)
        assert [rule["error"] for rule in told if rule["error"]] == []
        return {rule["rule"]: rule["findings"] for rule in told if rule["findings"]}

    async def _script(self, name: str, file: Path) -> Done:
        environment = {
            "PATH": f"{programs()}{os.pathsep}{os.environ['PATH']}",
            "DATABASE_URL": self.stack.database_url.replace("postgresql:", "postgresql+psycopg:"),
        }
        return await _run(["sh", str(SCRIPTS / name), str(file)], environment)


@asynccontextmanager
async def restorable(folder: Path) -> AsyncIterator[Restorable]:
    stack = PrivateStack(folder, {})
    try:
        await stack.start()
        database = Database.from_settings(stack.settings)
        temporal = await Client.connect(stack.temporal_address)
        async with httpx2.AsyncClient(base_url=stack.api_url, timeout=HTTP_SECONDS) as http:
            admin = await hire(http, database, stack.settings, "admin")
            made = Restorable(stack, World(stack, http, temporal, database), admin)
            yield made
        await made.world.database.close()
    finally:
        await stack.stop()


async def _run(command: list[str], environment: Mapping[str, str]) -> Done:
    return await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False
    )
