"""One stack of its own for all runbooks: whatever an alert tells of is done to it, and mended again."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx2
import pytest
from temporalio.client import Client

from db.database import Database
from tests.client import Student
from tests.gates import Gates
from tests.lives import World
from tests.runbooks.runbook import Shell
from tests.stack import PrivateStack
from tests.staff import hire

HTTP_SECONDS = 60
SURROUNDINGS = {
    "PROVIDER_SECONDS": "8",
    "UNKNOWN_LOOK_UPS": "2",
    "BILLING_ROUTINES_ENABLED": "true",
    "BILLING_WORKFLOW_RPC_TIMEOUT_MS": "4000",
    "BILLING_ACCESS_TOKEN_MINUTES": "600",
}
"""A provider that gives no answer is given up soon, as is a workflow; an admin is logged in once."""


@dataclass
class Patient:
    world: World
    stack: PrivateStack
    admin: Student
    shell: Shell


@pytest.fixture(scope="session")
async def patient(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Patient]:
    folder = tmp_path_factory.mktemp("patient")
    stack = PrivateStack(folder, Gates(folder / "gates").environment | SURROUNDINGS)
    await stack.start()
    database = Database.from_settings(stack.settings)
    temporal = await Client.connect(stack.temporal_address)
    try:
        async with httpx2.AsyncClient(base_url=stack.api_url, timeout=HTTP_SECONDS) as http:
            admin = await hire(http, database, stack.settings, "admin")
            world = World(stack, http, temporal, database)
            yield Patient(world, stack, admin, Shell(variables_of(stack, admin)))
    finally:
        await database.close()
        await stack.stop()


def variables_of(stack: PrivateStack, admin: Student) -> dict[str, str]:
    return stack.environment | {
        "API": stack.api_url,
        "WORKER": f"http://127.0.0.1:{stack.worker_metrics_port}",
        "TEMPORAL_ADDRESS": stack.temporal_address,
        "TEMPORAL_NAMESPACE": "default",
        "TOKEN": admin.access_token,
    }
