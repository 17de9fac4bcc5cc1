"""Numbers without gaps, whoever finalizes at the same time and whatever is rolled back in between."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text

from db.database import Connection, Database
from db.queries import invoices
from db.tables.billing import Invoice, InvoiceLine
from tests.db.rows import START, insert_row
from tests.db.sold import insert_sold, insert_subscriber

WRITERS = 8
INVOICES_EACH = 25
EVERY_THIRD = 3


async def insert_drafts(connection: Connection, count: int) -> list[int]:
    user_id, subscription_id = await insert_subscriber(connection)
    drafts = []
    for day in range(count):
        start = START + timedelta(days=day)
        drafts.append(
            await insert_row(
                connection,
                Invoice,
                user_id=user_id,
                subscription_id=subscription_id,
                period_start=start,
                period_end=start + timedelta(days=1),
            )
        )
        await insert_row(connection, InvoiceLine, invoice_id=drafts[-1])
    return drafts


async def finalize_all(database: Database, drafts: list[int], at: datetime) -> None:
    """One after the other; every third time the first attempt is rolled back."""
    for count, invoice_id in enumerate(drafts):
        if count % EVERY_THIRD == 0:
            async with database.transaction() as connection:
                await invoices.finalize(connection, invoice_id, at)
                await connection.rollback()
        async with database.transaction() as connection:
            await invoices.finalize(connection, invoice_id, at)


async def numbers_of(connection: Connection, drafts: list[int]) -> list[str]:
    numbers = await connection.execute(
        select(Invoice.number).where(Invoice.id.in_(drafts)).order_by(Invoice.number)
    )
    return [number or "" for number in numbers.scalars()]


async def test_eight_writers_leave_no_gap_and_no_number_twice(database: Database) -> None:
    year = 1997  # nobody else's
    async with database.transaction() as connection:
        shares = [await insert_drafts(connection, INVOICES_EACH) for _ in range(WRITERS)]

    at = datetime(year, 12, 31, 23, 59, tzinfo=UTC)
    await asyncio.gather(*(finalize_all(database, drafts, at) for drafts in shares))

    async with database.read() as connection:
        numbers = await numbers_of(connection, [draft for drafts in shares for draft in drafts])
    assert numbers == [f"IT-{year}-{number:06}" for number in range(1, WRITERS * INVOICES_EACH + 1)]


async def test_every_year_counts_for_itself(connection: Connection) -> None:
    first, second, third = await insert_drafts(connection, 3)
    await invoices.finalize(connection, first, datetime(1998, 12, 31, 23, 59, 59, tzinfo=UTC))
    await invoices.finalize(connection, second, datetime(1999, 1, 1, tzinfo=UTC))
    await invoices.finalize(connection, third, datetime(1999, 1, 1, tzinfo=UTC))

    numbers = await numbers_of(connection, [first, second, third])

    assert numbers == ["IT-1998-000001", "IT-1999-000001", "IT-1999-000002"]


async def test_a_seventh_digit_is_not_cut_off(connection: Connection) -> None:
    await connection.execute(text("INSERT INTO invoice_series VALUES ('IT', 1998, 999998)"))
    drafts = await insert_drafts(connection, 2)
    for draft in drafts:
        await invoices.finalize(connection, draft, datetime(1998, 6, 1, tzinfo=UTC))

    assert await numbers_of(connection, drafts) == ["IT-1998-1000000", "IT-1998-999999"]


async def test_a_void_invoice_keeps_its_number(connection: Connection) -> None:
    sold = await insert_sold(connection)
    issued = await numbers_of(connection, [sold.invoice_id])

    await invoices.void(connection, sold.invoice_id, START)

    assert await numbers_of(connection, [sold.invoice_id]) == issued != [""]
