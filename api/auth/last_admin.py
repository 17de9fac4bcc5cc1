"""Somebody has to be left who can let others in."""

from api.problems import Problem
from db.database import Connection
from db.queries import users

LAST_ADMIN = (409, "last_admin")
"""For `problem_responses` of every route that takes somebody's account away."""


async def refuse_last_admin(connection: Connection, user_id: int) -> None:
    """Before the user's own row is locked. Raises `Problem`."""
    if await users.is_last_admin(connection, user_id):
        raise Problem(*LAST_ADMIN, "There is no other administrator: make one first.")
