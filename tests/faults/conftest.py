"""One stack of its own for the faults that money meets: its engines may be killed, its worker heeds gates."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest
from temporalio.client import Client

from db.database import Database
from tests.api_description import check_answer
from tests.client import Student
from tests.deadline import eventually
from tests.gates import Gates
from tests.lives import World
from tests.stack import PrivateStack
from tests.staff import hire

HTTP_SECONDS = 60
LOOK_UPS = 2
IMPATIENT = {
    "PROVIDER_SECONDS": "10",
    "UNKNOWN_LOOK_UPS": str(LOOK_UPS),
    "BILLING_ACCESS_TOKEN_MINUTES": "600",  # an admin's lasts for all tests of the session
}


@dataclass
class Fragile:
    """The world of a stack that a test may break."""

    world: World
    stack: PrivateStack
    gates: Gates
    admin: Student

    async def worker_dies(self) -> None:
        """Waits until it has, and starts it again."""

        async def has_died() -> bool:
            return not self.stack.worker.process.is_running

        await eventually(has_died)
        await self.stack.start_worker()


@pytest.fixture(scope="session")
async def fragile(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fragile]:
    folder = tmp_path_factory.mktemp("fragile")
    gates = Gates(folder / "gates")
    stack = PrivateStack(folder, gates.environment | IMPATIENT)
    await stack.start()
    database = Database.from_settings(stack.settings)
    temporal = await Client.connect(stack.temporal_address)
    hooks = {"response": [check_answer]}
    try:
        async with httpx2.AsyncClient(
            base_url=stack.api_url, timeout=HTTP_SECONDS, event_hooks=hooks
        ) as http:
            admin = await hire(http, database, stack.settings, "admin")
            yield Fragile(World(stack, http, temporal, database), stack, gates, admin)
    finally:
        await database.close()
        await stack.stop()
