"""Members of a family: who has a seat beside the owner, and who had one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update

from db.database import Connection
from db.snapshot import load_state
from db.tables.accounts import User
from db.tables.family import FamilyMember
from db.tables.subscriptions import Subscription
from domain.family import MembershipEnd
from domain.subscription import SubscriptionState

_CURRENT = FamilyMember.left_at.is_(None)
_MEMBERSHIP = select(
    FamilyMember.id, FamilyMember.subscription_id, FamilyMember.joined_at, FamilyMember.left_at
)


@dataclass(frozen=True)
class LockedFamily:
    """A subscription whose row is held, so that seats are given one after the other.

    `members` are those beside its owner. `clock_offset` is how far its own time is ahead of ours.
    """

    state: SubscriptionState
    clock_offset: timedelta
    members: int


@dataclass(frozen=True)
class Membership:
    """A seat that somebody has, or had."""

    membership_id: int
    subscription_id: int
    joined_at: datetime
    left_at: datetime | None


@dataclass(frozen=True)
class MemberView:
    user_id: int
    joined_at: datetime


@dataclass(frozen=True)
class SeatedMember(MemberView):
    """As staff see one."""

    email: str
    disabled_at: datetime | None


async def lock_family(connection: Connection, subscription_id: int) -> LockedFamily:
    """Raises `sqlalchemy.exc.NoResultFound` when there is no such subscription."""
    query = select(Subscription.state, Subscription.clock_offset).where(Subscription.id == subscription_id)
    row = (await connection.execute(query.with_for_update(key_share=True))).one()
    members = await count_members(connection, subscription_id)
    return LockedFamily(load_state(row.state), row.clock_offset, members)


async def count_members(connection: Connection, subscription_id: int) -> int:
    """Those beside its owner."""
    query = select(func.count()).where(FamilyMember.subscription_id == subscription_id, _CURRENT)
    return (await connection.execute(query)).scalar_one()


async def list_members(connection: Connection, subscription_id: int) -> list[MemberView]:
    """In the order in which they joined."""
    query = (
        select(FamilyMember.user_id, FamilyMember.joined_at)
        .where(FamilyMember.subscription_id == subscription_id, _CURRENT)
        .order_by(FamilyMember.id)
    )
    return [MemberView(*row) for row in await connection.execute(query)]


async def list_seated(connection: Connection, subscription_id: int) -> list[SeatedMember]:
    """In the order in which they joined."""
    query = (
        select(FamilyMember.user_id, FamilyMember.joined_at, User.email, User.disabled_at)
        .join(User, FamilyMember.user_id == User.id)
        .where(FamilyMember.subscription_id == subscription_id, _CURRENT)
        .order_by(FamilyMember.id)
    )
    return [SeatedMember(*row) for row in await connection.execute(query)]


async def find_current(connection: Connection, user_id: int) -> Membership | None:
    """The one family that a user is in, if any: its subscription may have ended."""
    query = _MEMBERSHIP.where(FamilyMember.user_id == user_id, _CURRENT)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Membership(*row)


async def find_last_of(connection: Connection, subscription_id: int, user_id: int) -> Membership | None:
    """The user's last seat in this subscription, left or not."""
    query = (
        _MEMBERSHIP.where(FamilyMember.subscription_id == subscription_id, FamilyMember.user_id == user_id)
        .order_by(FamilyMember.id.desc())
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Membership(*row)


async def find_by_invitation(connection: Connection, invitation_id: int, user_id: int) -> Membership | None:
    """The seat that this user took with it, while they have it."""
    query = _MEMBERSHIP.where(
        FamilyMember.invitation_id == invitation_id, FamilyMember.user_id == user_id, _CURRENT
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Membership(*row)


async def insert_member(
    connection: Connection,
    *,
    subscription_id: int,
    user_id: int,
    invitation_id: int | None,
    at: datetime,
) -> int:
    """With the subscription's row held. Returns its id."""
    query = (
        insert(FamilyMember)
        .values(subscription_id=subscription_id, user_id=user_id, invitation_id=invitation_id, joined_at=at)
        .returning(FamilyMember.id)
    )
    return (await connection.execute(query)).scalar_one()


async def end_membership(
    connection: Connection,
    membership_id: int,
    reason: MembershipEnd,
    *,
    at: datetime,
    ended_by: int | None,
) -> bool:
    """Whether it was not left before."""
    ended = await connection.execute(
        update(FamilyMember)
        .where(FamilyMember.id == membership_id, _CURRENT)
        .values(left_at=at, end_reason=reason, ended_by=ended_by)
    )
    return ended.rowcount > 0


async def leave_what_has_ended(connection: Connection, user_id: int) -> None:
    """A family whose subscription is over keeps nobody from joining another one."""
    await connection.execute(
        update(FamilyMember)
        .where(
            FamilyMember.user_id == user_id,
            _CURRENT,
            Subscription.id == FamilyMember.subscription_id,
            Subscription.ended_at.is_not(None),
        )
        .values(left_at=Subscription.ended_at, end_reason=MembershipEnd.SUBSCRIPTION_ENDED)
    )
