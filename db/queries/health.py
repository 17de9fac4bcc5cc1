"""Whether the database answers, and how far its schema is."""

from sqlalchemy import text

from db.database import Connection


async def read_schema_revision(connection: Connection) -> str | None:
    """The migration that the database is at; `None` before the first."""
    if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    revision: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision
