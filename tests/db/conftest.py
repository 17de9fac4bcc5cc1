from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from db.database import Connection, Database
from ops.settings import Settings
from tests.conftest import FreshDatabaseUrl


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    """A transaction of which nothing stays."""
    async with database.transaction() as connection:
        yield connection
        await connection.rollback()


@pytest.fixture(scope="session")
async def untouched(fresh_database_url: FreshDatabaseUrl, settings: Settings) -> AsyncIterator[Database]:
    """A database of the newest schema that no process writes to, and no test leaves anything in."""
    url = SecretStr(await fresh_database_url())
    database = Database.from_settings(settings.model_copy(update={"database_url": url}))
    yield database
    await database.close()


@pytest.fixture
async def bare(untouched: Database) -> AsyncIterator[Connection]:
    """A transaction without triggers and foreign keys, of which nothing stays."""
    async with untouched.transaction() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection
        await connection.rollback()
