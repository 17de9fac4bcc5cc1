"""What people write to explain their commands."""

from sqlalchemy import insert

from db.database import Connection
from db.tables.messages import Note


async def insert_note(connection: Connection, user_id: int | None, text: str, *, about: int) -> int:
    """Returns its id. Whoever works at the command line has no account here; `about` is a user, too.

    A command that is refused then leaves it behind, where nothing else says whom it is about.
    """
    query = insert(Note).values(user_id=user_id, about_user_id=about, text=text).returning(Note.id)
    return (await connection.execute(query)).scalar_one()
