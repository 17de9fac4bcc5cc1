"""A database for many clients at once, in this process."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from db.database import Database
from ops.settings import Settings


@asynccontextmanager
async def wide_database(settings: Settings, clients: int, **other_settings: Any) -> AsyncIterator[Database]:
    """Each client's connection is open before the first one wants it.

    Opened by all of them at once, on a busy machine some would be given up.
    """
    wanted = {"database_pool_size": clients, **other_settings}
    database = Database.from_settings(settings.model_copy(update=wanted))
    try:
        async with AsyncExitStack() as held:
            for _ in range(clients):
                await held.enter_async_context(database.read())
        yield database
    finally:
        await database.close()
