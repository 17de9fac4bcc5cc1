"""Invitations into a family: open for some days, used once, or taken back."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Update, insert, select, update

from db.database import Connection
from db.tables.family import FamilyInvitation

_OPEN = FamilyInvitation.accepted_at.is_(None) & FamilyInvitation.taken_back_at.is_(None)


@dataclass(frozen=True)
class NewInvitation:
    """`key` is what the token is derived from; times are the subscription's own."""

    subscription_id: int
    key: str
    token_hash: bytes
    invited_by: int
    invited_at: datetime
    expires_at: datetime


@dataclass(frozen=True)
class Invitation:
    invitation_id: int
    subscription_id: int
    expires_at: datetime
    accepted_at: datetime | None
    taken_back_at: datetime | None

    def is_open_at(self, at: datetime) -> bool:
        """Nobody used it, and it holds still."""
        return self.accepted_at is None and self.taken_back_at is None and at < self.expires_at


@dataclass(frozen=True)
class InvitationView:
    id: int
    invited_at: datetime
    expires_at: datetime


async def insert_invitation(connection: Connection, new: NewInvitation) -> int:
    """Returns its id."""
    query = (
        insert(FamilyInvitation)
        .values(
            subscription_id=new.subscription_id,
            key=new.key,
            token_hash=new.token_hash,
            invited_by=new.invited_by,
            invited_at=new.invited_at,
            expires_at=new.expires_at,
        )
        .returning(FamilyInvitation.id)
    )
    return (await connection.execute(query)).scalar_one()


async def list_open(connection: Connection, subscription_id: int, at: datetime) -> list[InvitationView]:
    """Those that can be accepted at `at`, the oldest first."""
    query = (
        select(FamilyInvitation.id, FamilyInvitation.invited_at, FamilyInvitation.expires_at)
        .where(FamilyInvitation.subscription_id == subscription_id, _OPEN, FamilyInvitation.expires_at > at)
        .order_by(FamilyInvitation.id)
    )
    return [InvitationView(*row) for row in await connection.execute(query)]


async def find_by_token(connection: Connection, token_hash: bytes) -> Invitation | None:
    """With the subscription's row held it says how it is; before, only whose it is."""
    return await _find(connection, FamilyInvitation.token_hash == token_hash)


async def find_of(connection: Connection, subscription_id: int, invitation_id: int) -> Invitation | None:
    return await _find(
        connection,
        (FamilyInvitation.subscription_id == subscription_id) & (FamilyInvitation.id == invitation_id),
    )


async def accept(connection: Connection, invitation_id: int, at: datetime) -> None:
    await connection.execute(_update(invitation_id).values(accepted_at=at))


async def take_back(connection: Connection, invitation_id: int, at: datetime) -> None:
    await connection.execute(_update(invitation_id).values(taken_back_at=at))


def _update(invitation_id: int) -> Update:
    return update(FamilyInvitation).where(FamilyInvitation.id == invitation_id, _OPEN)


async def _find(connection: Connection, condition: ColumnElement[bool]) -> Invitation | None:
    query = select(
        FamilyInvitation.id,
        FamilyInvitation.subscription_id,
        FamilyInvitation.expires_at,
        FamilyInvitation.accepted_at,
        FamilyInvitation.taken_back_at,
    ).where(condition)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Invitation(*row)
