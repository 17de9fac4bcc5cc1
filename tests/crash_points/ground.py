"""A whole stack of its own whose processes have crash points, and what starts again whatever died there."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from temporalio.client import Client

from cli.dev.processes import ProductProcess
from cli.dev.stack_error import StackError
from db.database import Database
from tests.chaos.asking import Desk
from tests.chaos.history import History
from tests.chaos.plant import LONG_SESSIONS
from tests.chaos.rest import WAITING, find_waiting
from tests.client import Student
from tests.crash_points.points import Points
from tests.deadline import eventually
from tests.lives import World
from tests.stack import PrivateStack
from tests.staff import hire

DUE_ANNOUNCEMENTS = (
    "SELECT o.id FROM outbox o JOIN subscriptions s ON s.id = o.subscription_id"
    " WHERE o.published_at IS NULL AND o.due_at <= clock_timestamp() + s.clock_offset"
)
GLANCE_SECONDS = 0.05
HTTP_SECONDS = 30
REST_SECONDS = 120
"""In which whatever died has come right; mostly it is a few."""

ALL_ARE_PATIENT = 0.0


@dataclass
class Ground:
    """Who works here asks through `desk`, whose clients ask again under their key, as the API tells them."""

    stack: PrivateStack
    world: World
    points: Points
    desk: Desk
    admin: Student

    async def keep_alive(self) -> None:
        """Until canceled, as a supervisor does."""
        while True:
            for process in (self.stack.api, self.stack.worker):
                if not process.process.is_running:
                    await _start(process)
            await asyncio.sleep(GLANCE_SECONDS)

    async def comes_to_rest(self) -> None:
        """Nothing waits, of anybody: here one story is told after the other."""

        async def nothing_waits() -> bool:
            assert (
                await find_waiting(self.world.database, WAITING | {"announcements": DUE_ANNOUNCEMENTS}) == ""
            )
            reports = (await self.stack.psp.get("/v1/deliveries/pending")).json()["count"]
            return bool(reports == 0)

        await eventually(nothing_waits, REST_SECONDS)

    async def all_run(self) -> bool:
        return self.stack.api.process.is_running and self.stack.worker.process.is_running


async def _start(process: ProductProcess) -> None:
    try:
        await process.start()
    except StackError:  # it died before it was ready: a point may be there, too
        if process.process.is_running:
            raise


@asynccontextmanager
async def ground_in(folder: Path) -> AsyncIterator[Ground]:
    points = Points(folder / "points")
    stack = PrivateStack(folder, points.environment | LONG_SESSIONS)
    try:
        await stack.start()
        database = Database.from_settings(stack.settings)
        temporal = await Client.connect(stack.temporal_address)
        async with httpx2.AsyncClient(base_url=stack.api_url, timeout=HTTP_SECONDS, trust_env=False) as http:
            desk = Desk([http], History(), random.Random(0), ALL_ARE_PATIENT)  # noqa: S311 - one door
            admin = await hire(http, database, stack.settings, "admin")
            ground = Ground(stack, World(stack, http, temporal, database), points, desk, admin)
            supervisor = asyncio.create_task(ground.keep_alive())
            try:
                yield ground
            finally:  # or it would start again what is stopped
                supervisor.cancel()
                await asyncio.wait([supervisor])
        await database.close()
    finally:
        await stack.stop()
