"""Whether the database answers, and whether its schema is the one that this code was written for."""

from functools import cache
from pathlib import Path

from sqlalchemy import text

from db import migrations
from db.database import Connection


async def read_schema_revision(connection: Connection) -> str | None:
    """The migration that the database is at; `None` before the first."""
    if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    revision: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def is_recent_enough(revision: str | None) -> bool:
    """Whether the database is at our newest migration, or at one we have never heard of.

    The latter is a newer release's: while that one is rolled out, this one goes on serving.
    """
    if revision is None:
        return False
    shipped = shipped_revisions()
    return revision == shipped[-1] or revision not in shipped


@cache
def shipped_revisions() -> tuple[str, ...]:
    """The oldest first, by the names of their files: to load Alembic for it would slow down every start."""
    folder = Path(migrations.__path__[0]) / "versions"
    return tuple(sorted(file.name.partition("_")[0] for file in folder.glob("[0-9]*.py")))
