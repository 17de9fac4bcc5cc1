"""Requests for another password. Of one user only the newest counts, once, and not for long."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import cast, delete, insert, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from db.database import Connection
from db.tables.accounts import PasswordReset, User
from db.tables.outbox import OutboxEvent
from domain.events import EventName

KEPT_AFTER_IT_IS_OVER = timedelta(days=1)
SWEPT_AT_ONCE = 10


@dataclass(frozen=True)
class Requested:
    """`nonce` is what the token is derived from; only its hash is known here."""

    nonce: bytes = field(repr=False)
    token_hash: bytes = field(repr=False)
    at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class ResetToTell:
    """What the person is to be told, and where; the token is derived from `nonce`."""

    user_id: int
    email: str = field(repr=False)
    locale: str
    nonce: bytes = field(repr=False)
    expires_at: datetime


async def request_reset(connection: Connection, email: str, requested: Requested) -> int | None:
    """Returns whose it is. For an address of nobody the same is done, and nobody is told of it."""
    user_id: int | None = await connection.scalar(
        select(User.id).where(User.email == email, User.erased_at.is_(None)).with_for_update(key_share=True)
    )
    await void_resets(connection, user_id, requested.at)
    reset_id: int = (
        await connection.execute(
            insert(PasswordReset)
            .values(
                user_id=user_id,
                nonce=requested.nonce,
                token_hash=requested.token_hash,
                requested_at=requested.at,
                expires_at=requested.expires_at,
            )
            .returning(PasswordReset.id)
        )
    ).scalar_one()
    await _tell(connection, user_id, reset_id, requested.at)
    await _sweep(connection, requested.at)
    return user_id


async def void_resets(connection: Connection, user_id: int | None, now: datetime) -> None:
    """The caller holds the user's row, if there is one."""
    await connection.execute(
        update(PasswordReset)
        .where(
            PasswordReset.user_id == literal(user_id, PasswordReset.user_id.type),
            PasswordReset.used_at.is_(None),
            PasswordReset.voided_at.is_(None),
        )
        .values(voided_at=now)
    )


async def find_usable(connection: Connection, token_hash: bytes, now: datetime) -> int | None:
    """Whose password may be set with it."""
    user_id: int | None = await connection.scalar(
        select(PasswordReset.user_id).where(
            PasswordReset.token_hash == token_hash,
            PasswordReset.used_at.is_(None),
            PasswordReset.voided_at.is_(None),
            PasswordReset.expires_at > now,
        )
    )
    return user_id


async def use_reset(connection: Connection, token_hash: bytes, now: datetime) -> bool:
    """Whether it could still be used. The caller holds the user's row."""
    used = await connection.execute(
        update(PasswordReset)
        .where(
            PasswordReset.token_hash == token_hash,
            PasswordReset.used_at.is_(None),
            PasswordReset.voided_at.is_(None),
            PasswordReset.expires_at > now,
        )
        .values(used_at=now)
    )
    return used.rowcount == 1


async def find_to_tell(connection: Connection, reset_id: int, now: datetime) -> ResetToTell | None:
    """`None` once it is used, voided or over: nobody is told of it any more."""
    row = (
        await connection.execute(
            select(
                User.id.label("user_id"),
                User.email,
                User.locale,
                PasswordReset.nonce,
                PasswordReset.expires_at,
            )
            .join(User, PasswordReset.user_id == User.id)
            .where(
                PasswordReset.id == reset_id,
                PasswordReset.used_at.is_(None),
                PasswordReset.voided_at.is_(None),
                PasswordReset.expires_at > now,
                User.erased_at.is_(None),
            )
        )
    ).one_or_none()
    return row and ResetToTell(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for the row as a mapping


async def _tell(connection: Connection, user_id: int | None, reset_id: int, at: datetime) -> None:
    name = EventName.PASSWORD_RESET_REQUESTED
    details = {"user_id": user_id, "reset_id": reset_id}
    told = select(
        literal(name.value),
        literal(f"{name}:{reset_id}"),
        literal(at, OutboxEvent.due_at.type),
        cast(literal(details, JSONB), JSONB),
    ).where(User.id == literal(user_id, User.id.type))
    columns = ["event", "key", "due_at", "details"]
    await connection.execute(upsert(OutboxEvent).from_select(columns, told).on_conflict_do_nothing())


async def _sweep(connection: Connection, now: datetime) -> None:
    """Deletes a few that are long over: it keeps the table small."""
    old = (
        select(PasswordReset.id)
        .where(PasswordReset.expires_at < now - KEPT_AFTER_IT_IS_OVER)
        .order_by(PasswordReset.expires_at)
        .limit(SWEPT_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await connection.execute(delete(PasswordReset).where(PasswordReset.id.in_(old)))
