"""Refresh tokens by their hash. Callers hold the user's row (`users.lock_account`)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from db.database import Connection
from db.tables.accounts import RefreshToken


@dataclass(frozen=True, slots=True)
class Family:
    id: str
    expires_at: datetime


async def insert_refresh_token(
    connection: Connection,
    token_hash: bytes,
    family: Family,
    *,
    user_id: int,
    issued_at: datetime,
    expires_at: datetime,
) -> None:
    await connection.execute(
        insert(RefreshToken).values(
            token_hash=token_hash,
            family_id=family.id,
            family_expires_at=family.expires_at,
            user_id=user_id,
            issued_at=issued_at,
            expires_at=expires_at,
        )
    )


async def spend_refresh_token(connection: Connection, token_hash: bytes, now: datetime) -> Family | None:
    """The family that goes on, or None when the token is not there to be spent (any more)."""
    row = (
        await connection.execute(
            update(RefreshToken)
            .where(
                RefreshToken.token_hash == token_hash,
                RefreshToken.spent_at.is_(None),
                RefreshToken.revoked_at.is_(None),
                RefreshToken.expires_at > now,
            )
            .values(spent_at=now)
            .returning(RefreshToken.family_id, RefreshToken.family_expires_at)
        )
    ).one_or_none()
    return Family(*row) if row else None


async def find_holder(connection: Connection, token_hash: bytes, now: datetime) -> int | None:
    """The id of the user who could still spend this token. No lock is needed for it."""
    holder: int | None = await connection.scalar(
        select(RefreshToken.user_id).where(
            RefreshToken.token_hash == token_hash,
            RefreshToken.spent_at.is_(None),
            RefreshToken.revoked_at.is_(None),
            RefreshToken.expires_at > now,
        )
    )
    return holder


async def is_spent(connection: Connection, token_hash: bytes) -> bool:
    query = select(RefreshToken.token_hash).where(
        RefreshToken.token_hash == token_hash, RefreshToken.spent_at.is_not(None)
    )
    return (await connection.execute(query)).one_or_none() is not None


async def revoke_family_of(connection: Connection, token_hash: bytes, now: datetime) -> str | None:
    """The id of the family that this token belongs to, now dead; None when the token is unknown."""
    family_id: str | None = await connection.scalar(
        select(RefreshToken.family_id).where(RefreshToken.token_hash == token_hash)
    )
    await connection.execute(
        update(RefreshToken)
        .where(RefreshToken.family_id == family_id, RefreshToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )
    return family_id


async def revoke_user_tokens(connection: Connection, user_id: int, now: datetime) -> None:
    await connection.execute(
        update(RefreshToken)
        .where(RefreshToken.user_id == user_id, RefreshToken.revoked_at.is_(None))
        .values(revoked_at=now)
    )


async def delete_expired_tokens(connection: Connection, user_id: int, now: datetime) -> None:
    await connection.execute(
        delete(RefreshToken).where(RefreshToken.user_id == user_id, RefreshToken.expires_at <= now)
    )
