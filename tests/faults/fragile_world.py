"""A stack that is broken while customers come, seen by whoever asks patiently and checks each answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from temporalio.client import Client

from db.database import Database
from tests.api_description import check_answer
from tests.lives import World
from tests.stack import PrivateStack

HTTP_SECONDS = 20
IMPATIENT = {"BILLING_WORKFLOW_RPC_TIMEOUT_MS": "1500", "BILLING_ROUTINES_ENABLED": "true"}


@asynccontextmanager
async def fragile_world_of(stack: PrivateStack) -> AsyncIterator[World]:
    """Its provider sends each report three times, late and in any order."""
    await stack.psp.webhooks(duplicates=2, delay_seconds=1.5, shuffle=True)
    temporal, database = await Client.connect(stack.temporal_address), Database.from_settings(stack.settings)
    hooks = {"response": [check_answer]}
    limits = httpx2.Limits(max_connections=200, max_keepalive_connections=20)
    async with httpx2.AsyncClient(
        base_url=stack.api_url, timeout=HTTP_SECONDS, event_hooks=hooks, limits=limits
    ) as http:
        yield World(stack, http, temporal, database)
    await database.close()
