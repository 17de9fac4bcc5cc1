"""Paid time never overlaps: not when a freeze stretches it, and not when an end cuts it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from db.database import Connection
from db.queries.paid_periods import cut_paid_period, insert_paid_period, stretch_paid_time
from db.tables.billing import Invoice
from domain.billing_calendar import Period
from tests.db.refused import refused
from tests.db.rows import END, START, insert_row
from tests.db.sold import insert_subscriber

MONTH = END - START
PAID = [Period(START + MONTH * count, END + MONTH * count) for count in range(3)]
A_WEEK = timedelta(days=7)
OF_THE_SUBSCRIPTION = text(
    "SELECT lower(during) AS starts_at, upper(during) AS ends_at FROM periods"
    " WHERE subscription_id = :id ORDER BY during"
)


@pytest.fixture
async def subscription_id(connection: Connection) -> int:
    """Three periods that follow one another."""
    return await insert_paid(connection, PAID)


@pytest.fixture
async def neighbor_id(connection: Connection) -> int:
    """One with the same periods."""
    return await insert_paid(connection, PAID)


async def insert_paid(connection: Connection, periods: Sequence[Period]) -> int:
    user_id, subscription_id = await insert_subscriber(connection)
    for period in periods:
        invoice_id = await insert_row(
            connection,
            Invoice,
            user_id=user_id,
            subscription_id=subscription_id,
            period_start=period.start,
            period_end=period.end,
        )
        await insert_paid_period(connection, subscription_id, invoice_id, period)
    return subscription_id


async def paid_time(connection: Connection, subscription_id: int) -> list[Period]:
    rows = await connection.execute(OF_THE_SUBSCRIPTION, {"id": subscription_id})
    return [Period(row.starts_at, row.ends_at) for row in rows]


async def test_what_is_over_stays_what_has_begun_grows_and_the_rest_moves(
    connection: Connection, subscription_id: int, neighbor_id: int
) -> None:
    since = PAID[1].start + A_WEEK

    await stretch_paid_time(connection, subscription_id, since, A_WEEK)

    assert await paid_time(connection, subscription_id) == [
        PAID[0],
        Period(PAID[1].start, PAID[1].end + A_WEEK),
        Period(PAID[2].start + A_WEEK, PAID[2].end + A_WEEK),
    ]
    assert await paid_time(connection, neighbor_id) == PAID


async def test_a_freeze_longer_than_the_periods_makes_no_overlap_on_the_way(
    connection: Connection, subscription_id: int
) -> None:
    await stretch_paid_time(connection, subscription_id, START, 5 * MONTH)

    assert await paid_time(connection, subscription_id) == [
        Period(START, END + 5 * MONTH),
        *(Period(period.start + 5 * MONTH, period.end + 5 * MONTH) for period in PAID[1:]),
    ]


async def test_time_that_was_stretched_is_not_sold_twice(
    connection: Connection, subscription_id: int
) -> None:
    await stretch_paid_time(connection, subscription_id, PAID[2].start, A_WEEK)
    stretched_until = PAID[2].end + A_WEEK

    invoice_id = await insert_row(
        connection,
        Invoice,
        subscription_id=subscription_id,
        user_id=await owner(connection, subscription_id),
        period_start=PAID[2].end,
        period_end=PAID[2].end + MONTH,
    )
    with refused(by="ex_periods_no_overlap"):
        async with connection.begin_nested():
            await insert_paid_period(
                connection, subscription_id, invoice_id, Period(PAID[2].end, PAID[2].end + MONTH)
            )
    await insert_paid_period(
        connection, subscription_id, invoice_id, Period(stretched_until, stretched_until + MONTH)
    )
    assert len(await paid_time(connection, subscription_id)) == 4


async def owner(connection: Connection, subscription_id: int) -> int:
    query = text("SELECT user_id FROM subscriptions WHERE id = :id")
    found: int = (await connection.execute(query, {"id": subscription_id})).scalar_one()
    return found


@pytest.mark.parametrize(
    ("at", "left"),
    [
        (PAID[1].start + A_WEEK, [PAID[0], Period(PAID[1].start, PAID[1].start + A_WEEK)]),
        (PAID[1].start, [PAID[0]]),
        (PAID[2].end, PAID),
        (START - A_WEEK, []),
    ],
)
async def test_an_end_cuts_what_runs_and_drops_what_has_not_begun(
    connection: Connection, subscription_id: int, neighbor_id: int, at: datetime, left: list[Period]
) -> None:
    await cut_paid_period(connection, subscription_id, at)

    assert await paid_time(connection, subscription_id) == left
    assert await paid_time(connection, neighbor_id) == PAID
