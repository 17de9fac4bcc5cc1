"""Accounts. E-mail addresses arrive in lower case: the table refuses any other spelling.

Who was erased is found by nobody.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Select, case, func, select, update
from sqlalchemy.dialects.postgresql import insert

from db.database import Connection
from db.tables.accounts import User


@dataclass(frozen=True, slots=True)
class Account:
    id: int
    email: str
    role: str
    locale: str
    password_hash: str = field(repr=False)
    disabled_at: datetime | None
    token_version: int


COLUMNS = (
    *(User.id, User.email, User.role, User.locale, User.password_hash),
    *(User.disabled_at, User.token_version),
)
END_SESSIONS = {
    "token_version": User.token_version + 1,
    "sessions_ended_at": func.clock_timestamp(),
}

_ACCOUNTS = select(*COLUMNS).where(User.erased_at.is_(None))

BUYER_EMAIL = case((User.erased_at.is_(None), User.email))
"""What papers say of a buyer; nothing once they were erased."""


async def insert_user(
    connection: Connection, *, email: str, password_hash: str, role: str, locale: str
) -> Account | None:
    """The new account, or None when the address is taken."""
    row = (
        await connection.execute(
            insert(User)
            .values(email=email, password_hash=password_hash, role=role, locale=locale)
            .on_conflict_do_nothing(index_elements=[User.email])
            .returning(*COLUMNS)
        )
    ).one_or_none()
    return Account(*row) if row else None


async def put_user(connection: Connection, *, email: str, password_hash: str, role: str) -> int:
    """The id of the account at this address, which has this password and role now, new or not.

    Access tokens that it had before are dead: they say another role.
    """
    values = {"password_hash": password_hash, "role": role}
    user_id: int = (
        await connection.execute(
            insert(User)
            .values(email=email, **values)
            .on_conflict_do_update(index_elements=[User.email], set_=values | END_SESSIONS)
            .returning(User.id)
        )
    ).scalar_one()
    return user_id


async def find_account(connection: Connection, user_id: int) -> Account | None:
    return await _one(connection, _ACCOUNTS.where(User.id == user_id))


async def find_account_by_email(connection: Connection, email: str) -> Account | None:
    return await _one(connection, _ACCOUNTS.where(User.email == email))


async def lock_account(connection: Connection, user_id: int) -> Account | None:
    """Holds the user's row until the transaction ends.

    Whatever gives out or revokes refresh tokens takes this lock first, so that no token is given out
    beside a revocation and survives it. Rows that refer to the user are not held up.
    """
    return await _one(connection, _ACCOUNTS.where(User.id == user_id).with_for_update(key_share=True))


async def is_last_admin(connection: Connection, user_id: int) -> bool:
    """Whether nobody else is an administrator who can log in.

    Asked before the user's own row is locked: it holds the rows of all of them, in the order of their ids, so
    that of two who shut each other out the second one sees what the first one did.
    """
    account = await find_account(connection, user_id)
    if account is None or account.role != "admin":
        return False
    can_log_in = (User.role == "admin") & User.disabled_at.is_(None) & User.erased_at.is_(None)
    admins = select(User.id).where(can_log_in).order_by(User.id).with_for_update(key_share=True)
    return list((await connection.execute(admins)).scalars()) == [user_id]


async def set_password_hash(connection: Connection, user_id: int, password_hash: str) -> None:
    await connection.execute(update(User).where(User.id == user_id).values(password_hash=password_hash))


async def disable(connection: Connection, user_id: int) -> None:
    """The caller holds the user's row, and ends the sessions."""
    changes = {"disabled_at": func.clock_timestamp()} | END_SESSIONS
    await connection.execute(update(User).where(User.id == user_id).values(changes))


async def enable(connection: Connection, user_id: int) -> None:
    """The caller holds the user's row. What was ended stays ended: they log in again."""
    await connection.execute(update(User).where(User.id == user_id).values(disabled_at=None))


async def list_ended_sessions(connection: Connection, since: datetime) -> dict[int, int]:
    """Whose sessions were ended since then, and the first version of their tokens that is good."""
    query = select(User.id, User.token_version).where(User.sessions_ended_at > since)
    return {row.id: row.token_version for row in await connection.execute(query)}


async def _one(connection: Connection, query: Select[*tuple[Any, ...]]) -> Account | None:
    row = (await connection.execute(query)).one_or_none()
    return Account(*row) if row else None
