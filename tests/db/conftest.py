from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from db.database import Connection, Database
from tests.conftest import FreshDatabaseUrl
from tests.stack import settings_for


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    """A transaction of which nothing stays."""
    async with database.transaction() as connection:
        yield connection
        await connection.rollback()


@pytest.fixture(scope="session")
async def untouched(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[Database]:
    """A database of the newest schema that no process writes to, and no test leaves anything in."""
    database = Database.from_settings(settings_for(await fresh_database_url()))
    yield database
    await database.close()


@pytest.fixture
async def bare(untouched: Database) -> AsyncIterator[Connection]:
    """A transaction without triggers and foreign keys, of which nothing stays."""
    async with untouched.transaction() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection
        await connection.rollback()
