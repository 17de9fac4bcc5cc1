"""Locks for long work: one holder in the whole system, on a connection that no request waits for."""

import asyncio

from sqlalchemy import text

from db.database import Database
from ops.settings import Settings
from tests.deadline import eventually


async def can_be_taken(database: Database, name: str) -> bool:
    """A moment after whoever had it has closed its connection."""
    async with database.try_lock(name) as taken:
        return taken is not None


async def test_one_has_it_at_a_time(database: Database, settings: Settings) -> None:
    elsewhere = Database.from_settings(settings)
    async with database.try_lock("test:one") as mine, elsewhere.try_lock("test:one") as theirs:
        assert (mine is None, theirs is None) == (False, True)
        async with elsewhere.try_lock("test:another") as another:
            assert another is not None
    await eventually(lambda: can_be_taken(elsewhere, "test:one"))
    await elsewhere.close()


async def test_whoever_fails_gives_it_back(database: Database) -> None:
    try:
        async with database.try_lock("test:failing"):
            raise LookupError  # noqa: TRY301 - the failure is what is tested
    except LookupError:
        pass
    await eventually(lambda: can_be_taken(database, "test:failing"))


async def test_whoever_loses_the_connection_loses_it(database: Database, settings: Settings) -> None:
    elsewhere = Database.from_settings(settings)
    async with database.try_lock("test:lost") as mine:
        assert mine is not None
        backend = (await mine.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        async with elsewhere.read() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": backend})
        async with elsewhere.try_lock("test:lost") as theirs:
            assert theirs is not None
    await elsewhere.close()


async def test_it_takes_no_connection_from_the_pool(settings: Settings) -> None:
    narrow = Database.from_settings(settings.model_copy(update={"database_pool_size": 1}))
    async with narrow.try_lock("test:narrow") as held:
        assert held is not None
        async with asyncio.timeout(5), narrow.read() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
    await narrow.close()
