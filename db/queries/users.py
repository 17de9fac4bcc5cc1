"""Accounts. E-mail addresses arrive in lower case: the schema refuses any other spelling."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from db.database import Connection
from db.tables.accounts import User


@dataclass(frozen=True, slots=True)
class Profile:
    id: int
    email: str
    role: str
    locale: str


@dataclass(frozen=True, slots=True)
class Credentials:
    user_id: int
    password_hash: str
    role: str


PROFILE = (User.id, User.email, User.role, User.locale)
CREDENTIALS = (User.id, User.password_hash, User.role)


async def insert_user(
    connection: Connection, *, email: str, password_hash: str, role: str, locale: str
) -> Profile | None:
    """The new user, or None when the address is taken."""
    row = (
        await connection.execute(
            insert(User)
            .values(email=email, password_hash=password_hash, role=role, locale=locale)
            .on_conflict_do_nothing(index_elements=[User.email])
            .returning(*PROFILE)
        )
    ).one_or_none()
    return Profile(*row) if row else None


async def find_profile(connection: Connection, user_id: int) -> Profile | None:
    row = (await connection.execute(select(*PROFILE).where(User.id == user_id))).one_or_none()
    return Profile(*row) if row else None


async def find_credentials(
    connection: Connection, *, email: str | None = None, user_id: int | None = None
) -> Credentials | None:
    condition = User.email == email if user_id is None else User.id == user_id
    row = (await connection.execute(select(*CREDENTIALS).where(condition))).one_or_none()
    return Credentials(*row) if row else None


async def lock_credentials(connection: Connection, user_id: int) -> Credentials | None:
    """Holds the user's row until the transaction ends.

    Whatever gives out or revokes refresh tokens takes this lock first, so that no token is given out
    beside a revocation and survives it. Rows that refer to the user are not held up.
    """
    row = (
        await connection.execute(
            select(*CREDENTIALS).where(User.id == user_id).with_for_update(key_share=True)
        )
    ).one_or_none()
    return Credentials(*row) if row else None


async def set_password_hash(connection: Connection, user_id: int, password_hash: str) -> None:
    await connection.execute(update(User).where(User.id == user_id).values(password_hash=password_hash))


async def set_role(connection: Connection, user_id: int, role: str) -> None:
    await connection.execute(update(User).where(User.id == user_id).values(role=role))
