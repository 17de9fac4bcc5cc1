from collections.abc import AsyncIterator

import pytest

from db.database import Connection, Database


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[Connection]:
    """A transaction of which nothing stays."""
    async with database.transaction() as connection:
        yield connection
        await connection.rollback()
