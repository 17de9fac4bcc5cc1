from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx2
import pytest

from api.app import create_app
from tests.api.auth.in_process import ClientFrom, StartApi
from tests.stack import settings_for


@pytest.fixture
async def start_api(database_url: str) -> AsyncIterator[StartApi]:
    """Starts one more API on the shared database; keywords are settings. Gives clients by their address."""
    async with AsyncExitStack() as stack:

        async def start(**changed: object) -> ClientFrom:
            settings = settings_for(database_url).model_copy(update=changed)
            app = create_app(settings)
            await stack.enter_async_context(app.router.lifespan_context(app))

            def client_from(address: str) -> httpx2.AsyncClient:
                transport = httpx2.ASGITransport(app, client=(address, 50000))
                return httpx2.AsyncClient(transport=transport, base_url="http://api.example")

            return client_from

        yield start
