"""The last line: no more members than seats, none for the owner, and who has left stays gone."""

import asyncio

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from db.database import Connection, Database
from db.queries import family_members
from db.tables.accounts import User
from db.tables.catalogue import Plan
from db.tables.family import FamilyMember
from db.tables.subscriptions import Subscription
from domain.family import MembershipEnd
from tests.db.refused import refused
from tests.db.rows import END, START, insert_row
from tests.db.sold import Sold, insert_sold


@pytest.fixture
async def sold(connection: Connection) -> Sold:
    """Of a plan with three seats."""
    sold = await insert_sold(connection, "paid")
    return await with_three_seats(connection, sold)


async def with_three_seats(connection: Connection, sold: Sold) -> Sold:
    plan_id = await insert_row(connection, Plan, seats=3)
    await connection.execute(
        update(Subscription).where(Subscription.id == sold.subscription_id).values(plan_id=plan_id)
    )
    return sold


async def seat(connection: Connection, sold: Sold, user_id: int | None = None) -> tuple[int, int]:
    """The ids of the seat and of who has it."""
    user_id = user_id or await insert_row(connection, User)
    membership_id = await family_members.insert_member(
        connection, subscription_id=sold.subscription_id, user_id=user_id, invitation_id=None, at=START
    )
    return membership_id, user_id


async def test_the_last_seat_is_the_last(connection: Connection, sold: Sold) -> None:
    await seat(connection, sold)
    last, _ = await seat(connection, sold)
    with refused("all 3 seats are taken"):
        async with connection.begin_nested():
            await seat(connection, sold)

    assert await family_members.end_membership(connection, last, MembershipEnd.LEFT, at=END, ended_by=None)
    await seat(connection, sold)


async def test_the_owner_has_one(connection: Connection, sold: Sold) -> None:
    with refused("the owner has a seat"):
        async with connection.begin_nested():
            await seat(connection, sold, sold.user_id)


async def test_who_has_left_stays_gone(connection: Connection, sold: Sold) -> None:
    membership_id, _ = await seat(connection, sold)
    assert await family_members.end_membership(
        connection, membership_id, MembershipEnd.ACCOUNT_CLOSED, at=END, ended_by=None
    )
    assert not await family_members.end_membership(
        connection, membership_id, MembershipEnd.LEFT, at=END, ended_by=None
    )
    row = FamilyMember.id == membership_id
    for changes in ({"left_at": None, "end_reason": None}, {"user_id": sold.user_id}, {"left_at": END}):
        with refused("a member can only leave, once"):
            async with connection.begin_nested():
                await connection.execute(update(FamilyMember).where(row).values(**changes))
    with refused("members are never deleted"):
        async with connection.begin_nested():
            await connection.execute(text("DELETE FROM family_members"))


async def test_a_family_that_has_ended_keeps_nobody(connection: Connection, sold: Sold) -> None:
    _, user_id = await seat(connection, sold)
    await family_members.leave_what_has_ended(connection, user_id)
    assert await family_members.find_current(connection, user_id) is not None

    await connection.execute(
        update(Subscription)
        .where(Subscription.id == sold.subscription_id)
        .values(status="canceled", ended_at=END)
    )
    await family_members.leave_what_has_ended(connection, user_id)

    left = await family_members.find_last_of(connection, sold.subscription_id, user_id)
    assert await family_members.find_current(connection, user_id) is None
    assert left is not None
    assert left.left_at == END


async def test_who_comes_at_once_and_asks_nobody_finds_no_more_seats(database: Database) -> None:
    """Though none of them holds the subscription's row, as the API does."""
    async with database.transaction() as connection:
        sold = await with_three_seats(connection, await insert_sold(connection, "paid"))
        users = [await insert_row(connection, User) for _ in range(6)]

    async def take(user_id: int) -> bool:
        try:
            async with database.transaction() as connection:
                await seat(connection, sold, user_id)
        except IntegrityError:
            return False
        return True

    assert sum(await asyncio.gather(*(take(user_id) for user_id in users))) == 2
