"""Accounts as staff see them. No secret of theirs is ever read here."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select

from db.database import Connection
from db.tables.accounts import User


@dataclass(frozen=True)
class FoundUser:
    """`flagged_at`: a payment of theirs was charged back. `disabled_at`: they can't log in."""

    id: int
    email: str
    role: str
    locale: str
    created_at: datetime
    flagged_at: datetime | None
    disabled_at: datetime | None


@dataclass(frozen=True)
class UserFilter:
    """What is `None` is not asked for. The address is compared as a whole, in lower case."""

    user_id: int | None = None
    email: str | None = None


_FOUND = select(
    User.id, User.email, User.role, User.locale, User.created_at, User.flagged_at, User.disabled_at
)


async def search_users(
    connection: Connection, only: UserFilter, *, before_id: int | None, limit: int
) -> list[FoundUser]:
    """The newest first, from the one before `before_id` on."""
    query = _FOUND.order_by(User.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(User.id < before_id)
    if only.user_id is not None:
        query = query.where(User.id == only.user_id)
    if only.email is not None:
        query = query.where(User.email == only.email)
    return await _read(connection, query)


async def find_user(connection: Connection, user_id: int) -> FoundUser | None:
    found = await _read(connection, _FOUND.where(User.id == user_id))
    return found[0] if found else None


async def _read(connection: Connection, query: Select[*tuple[Any, ...]]) -> list[FoundUser]:
    return [FoundUser(**_fields(row)) for row in await connection.execute(query)]


def _fields(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for the row as a mapping
