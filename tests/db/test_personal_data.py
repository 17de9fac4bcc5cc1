"""Every table and column of the schema has been looked at: told to whom it is about, or not, and why."""

import asyncio

import pytest
from sqlalchemy import text

from db.database import Connection, Database
from db.queries.personal_data import HELD, NOT_PERSONAL, load_records
from db.queries.persons import notes_about
from db.tables.accounts import User
from db.tables.base import Table
from db.tables.messages import Note
from db.tables.metadata import METADATA
from db.tables.payment_methods import PaymentMethod
from db.tables.subscriptions import TimelineEntry
from tests.db.refused import refused
from tests.db.rows import insert_row
from tests.db.sold import insert_sold
from tests.db.waiting import wait_until_blocked

MODELS = {mapper.class_.__tablename__: mapper.class_ for mapper in Table.registry.mappers}
REFUSING = ("refresh_tokens", "payment_methods", "notes", "subscriptions", "family_members")


def test_every_table_is_told_of_or_holds_nothing_about_a_customer() -> None:
    """A table that is new fails here until somebody has decided: also what erasing does with it."""
    told = [held.name for held in HELD]

    assert len(told) == len(set(told))
    assert set(told).isdisjoint(NOT_PERSONAL)
    assert {*told, *NOT_PERSONAL} == set(METADATA.tables)
    assert all(NOT_PERSONAL.values())


def test_no_table_that_names_a_customer_is_passed_over() -> None:
    """Staff, who are users too, stand in the columns of what they made."""
    of_customers = {
        table.name
        for table in METADATA.tables.values()
        for column in table.columns
        if column.name in {"user_id", "redeemed_by"}
    }
    assert of_customers - {held.name for held in HELD} == {"erasures"}


@pytest.mark.parametrize("held", HELD, ids=lambda held: held.name)
def test_what_is_withheld_is_there_and_has_a_reason(held: object) -> None:
    [of] = [each for each in HELD if each is held]

    assert of.withheld.keys() <= {column.name for column in of.table.__table__.columns}
    assert all(of.withheld.values())
    assert of.told


async def test_notes_about_a_customer_are_those_of_staff_too(connection: Connection) -> None:
    sold, other = await insert_sold(connection, "paid"), await insert_sold(connection, "paid")
    theirs = await insert_row(connection, Note, user_id=sold.user_id)
    of_staff = await insert_row(connection, Note, user_id=other.user_id)
    await insert_row(connection, TimelineEntry, subscription_id=sold.subscription_id, note_id=of_staff)
    await insert_row(connection, Note, user_id=other.user_id)

    found = (await connection.execute(notes_about(sold.user_id))).scalars().all()
    assert set(found) == {theirs, of_staff}


async def test_a_note_of_a_command_that_was_refused_says_whom_it_is_about(connection: Connection) -> None:
    sold, other = await insert_sold(connection, "paid"), await insert_sold(connection, "paid")
    note = await insert_row(connection, Note, user_id=other.user_id, about_user_id=sold.user_id)

    assert (await connection.execute(notes_about(sold.user_id))).scalars().all() == [note]


async def test_what_is_written_while_they_are_erased_waits_for_it(database: Database) -> None:
    """And is refused then, or would be there for good."""
    async with database.transaction() as connection:
        user_id = await insert_row(connection, User)
    erase = text("UPDATE users SET email = 'erased-' || id, erased_at = now() WHERE id = :id")

    async def write() -> None:
        async with database.transaction() as connection:
            await insert_row(connection, Note, user_id=user_id)

    async with database.transaction() as connection:
        await connection.execute(erase, {"id": user_id})
        writing = asyncio.create_task(write())
        await wait_until_blocked(database, "INSERT INTO notes")
    with refused(by=f"user {user_id} was erased"):
        await writing


async def test_staff_s_notes_about_others_are_not_about_them(connection: Connection) -> None:
    sold, staff = await insert_sold(connection, "paid"), await insert_sold(connection, "paid")
    await connection.execute(text("UPDATE users SET role = 'admin' WHERE id = :id"), {"id": staff.user_id})
    note = await insert_row(connection, Note, user_id=staff.user_id)
    await insert_row(connection, TimelineEntry, subscription_id=sold.subscription_id, note_id=note)

    assert (await connection.execute(notes_about(staff.user_id))).scalars().all() == []


async def test_what_was_handed_on_there_and_back_is_told_to_who_had_it_then(connection: Connection) -> None:
    sold, other = await insert_sold(connection, "paid"), await insert_sold(connection, "paid")
    anna, bruno = sold.user_id, other.user_id

    async def happens(event: str, **details: int) -> int:
        return await insert_row(
            connection, TimelineEntry, subscription_id=sold.subscription_id, event=event, details=details
        )

    first = await happens("frozen")
    there = await happens("transferred", from_user_id=anna, to_user_id=bruno)
    his = await happens("frozen")
    billed_to_her = await happens("refunded", payment_id=sold.payment_id)
    back = await happens("transferred", from_user_id=bruno, to_user_id=anna)
    last = await happens("frozen")

    async def told(user_id: int) -> list[int]:
        return [row["id"] for row in (await load_records(connection, user_id))["timeline_entries"]]

    assert await told(anna) == [first, there, billed_to_her, back, last]
    assert await told(bruno) == [there, his, back]


async def test_the_export_has_a_list_for_each_table_and_no_secret(connection: Connection) -> None:
    sold = await insert_sold(connection, "paid")
    await insert_row(connection, PaymentMethod, user_id=sold.user_id, token="tok_secret")
    records = await load_records(connection, sold.user_id)

    assert list(records) == [held.name for held in HELD]
    assert [row["id"] for row in records["users"]] == [sold.user_id]
    assert [row["id"] for row in records["invoices"]] == [sold.invoice_id]
    assert [row["id"] for row in records["payments"]] == [sold.payment_id]
    assert "tok_secret" not in repr(records)
    assert "password_hash" not in records["users"][0]


@pytest.mark.parametrize("table", REFUSING)
async def test_about_who_was_erased_nothing_new_is_written(connection: Connection, table: str) -> None:
    sold = await insert_sold(connection, "paid")
    await connection.execute(text("UPDATE users SET erased_at = now() WHERE id = :id"), {"id": sold.user_id})
    with refused(by=f"user {sold.user_id} was erased"):
        await connection.execute(
            text(f"INSERT INTO {table} (user_id) VALUES (:id)"),  # noqa: S608 - our own names
            {"id": sold.user_id},
        )
