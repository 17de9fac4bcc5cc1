"""Whether the database answers, and whether its schema is the one that this code was written for."""

from functools import cache

from alembic.script import ScriptDirectory
from sqlalchemy import text

from db.database import Connection
from db.migrate import MIGRATIONS


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
    shipped, newest = _shipped_revisions()
    return revision == newest or revision not in shipped


@cache
def _shipped_revisions() -> tuple[frozenset[str], str | None]:
    scripts = ScriptDirectory(str(MIGRATIONS))
    return frozenset(script.revision for script in scripts.walk_revisions()), scripts.get_current_head()
