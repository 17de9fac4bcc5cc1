"""Seeing that a session really waits for another one's lock."""

from sqlalchemy import text

from db.database import Database
from tests.deadline import eventually

BLOCKED = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%' || :words || '%'"
)


async def wait_until_blocked(database: Database, words: str, sessions: int = 1) -> None:
    """Returns when that many sessions wait inside a statement with these words."""

    async def are_blocked() -> bool:
        async with database.read() as connection:
            found: int = (await connection.execute(BLOCKED, {"words": words})).scalar_one()
            return found >= sessions

    await eventually(are_blocked)
