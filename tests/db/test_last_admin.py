"""Of two administrators who are to go at once, the second waits and is the last one then."""

import asyncio

from sqlalchemy import insert

from db.database import Connection, Database
from db.queries import users
from db.tables.accounts import User
from tests.conftest import FreshDatabaseUrl
from tests.db.waiting import wait_until_blocked
from tests.stack import settings_for


async def insert_admin(connection: Connection, name: str) -> int:
    query = insert(User).values(email=f"{name}@italiano.example", password_hash="", role="admin")
    user_id: int = (await connection.execute(query.returning(User.id))).scalar_one()
    return user_id


async def test_the_second_sees_what_the_first_did(fresh_database_url: FreshDatabaseUrl) -> None:
    database = Database.from_settings(settings_for(await fresh_database_url()))
    async with database.transaction() as connection:
        anna, bruno = [await insert_admin(connection, name) for name in ("anna", "bruno")]

    async def is_last(user_id: int) -> bool:
        async with database.transaction() as connection:
            return await users.is_last_admin(connection, user_id)

    async with database.transaction() as connection:
        assert not await users.is_last_admin(connection, bruno)
        await users.disable(connection, bruno)
        asking = asyncio.create_task(is_last(anna))
        await wait_until_blocked(database, "FOR NO KEY UPDATE")

    assert await asking
    assert not await is_last(bruno)  # who is out already
    await database.close()
