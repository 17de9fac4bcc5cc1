"""Reports of growth from rows: discounts, what is left unpaid, ends, and what is past due or due soon."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import Range

from db.database import Connection, Database
from db.queries import invoices, payments
from db.queries.growth_reports import growth
from db.queries.recovery_reports import recovery
from db.tables.billing import Invoice, InvoiceLine, Payment
from db.tables.catalogue import Plan
from db.tables.subscriptions import Period, Subscription, TimelineEntry
from domain.monthly_worth import Billed, monthly_worth
from tests.conftest import FreshDatabaseUrl
from tests.db.rows import END, START, insert_row
from tests.db.sold import Sold, insert_sold
from tests.stack import settings_for

FIRST, LAST = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
BACK = END + timedelta(days=40)
PRICE = 1_990


@pytest.fixture
async def connection(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[Connection]:
    """Of a database of its own: a report is of all the books."""
    database = Database.from_settings(settings_for(await fresh_database_url()))
    async with database.transaction() as connection:
        yield connection
    await database.close()


async def insert_paid_period(connection: Connection, sold: Sold, start: datetime, off_cents: int = 0) -> None:
    """One more paid invoice of the subscription, and the time that it is for."""
    until = start + timedelta(days=30)
    owned = {"user_id": sold.user_id, "subscription_id": sold.subscription_id}
    dates = {"period_start": start, "period_end": until}
    net = round((PRICE - off_cents) / 1.22)
    sums = {"total_cents": PRICE - off_cents, "net_cents": net, "vat_cents": PRICE - off_cents - net}
    invoice_id = await insert_row(connection, Invoice, **owned, **dates, **sums, discount_cents=off_cents)
    await insert_row(connection, InvoiceLine, invoice_id=invoice_id, **dates, amount_cents=PRICE)
    if off_cents:
        line = {"position": 2, "kind": "discount", "amount_cents": -off_cents}
        await insert_row(connection, InvoiceLine, invoice_id=invoice_id, **dates, **line)
    payment_id = await insert_row(connection, Payment, invoice_id=invoice_id, amount_cents=PRICE - off_cents)
    await invoices.finalize(connection, invoice_id, start)
    await payments.mark_succeeded(connection, payment_id, PRICE - off_cents, start)
    await invoices.mark_paid(connection, invoice_id, payment_id, start)
    await insert_row(
        connection,
        Period,
        subscription_id=sold.subscription_id,
        invoice_id=invoice_id,
        during=Range(start, until),
    )


async def happens(connection: Connection, sold: Sold, event: str, at: datetime) -> None:
    details = {"invoice_id": sold.invoice_id, "payment_id": sold.payment_id}
    owned = {"subscription_id": sold.subscription_id, "details": details}
    await insert_row(connection, TimelineEntry, **owned, event=event, occurred_at=at)


async def worth_of(connection: Connection, sold: Sold, off_cents: int = 0) -> int:
    query = (
        select(Plan.period_iso)
        .join(Subscription, Subscription.plan_id == Plan.id)
        .where(Subscription.id == sold.subscription_id)
    )
    period_iso = (await connection.execute(query)).scalar_one()
    return monthly_worth(Billed(PRICE, off_cents, 2_200, period_iso))


async def test_what_is_left_unpaid_is_gone_and_what_is_paid_after_it_comes_back(
    connection: Connection,
) -> None:
    sold = await insert_sold(connection, "void")
    await insert_paid_period(connection, sold, START)
    left_at = END + timedelta(days=21)
    await happens(connection, sold, "fell_due", END)
    await happens(connection, sold, "left_unpaid", left_at)
    await insert_paid_period(connection, sold, BACK, off_cents=500)

    found = await growth(connection, FIRST, LAST)

    whole, less = await worth_of(connection, sold), await worth_of(connection, sold, 500)
    moved = {
        f"{row.month:%m}": (row.new_cents, row.churn_cents, row.reactivation_cents, row.closing_cents)
        for row in found.mrr
        if row.opening_cents != row.closing_cents or row.churn_cents
    }
    assert moved == {
        f"{START:%m}": (whole, 0, 0, whole),
        f"{left_at:%m}": (0, -whole, 0, 0),
        f"{BACK:%m}": (0, 0, less, less),
    }
    assert [(row.started, row.ended, row.returned) for row in found.subscribers if row.closing == 0] == [
        (0, 1, 0)
    ]


async def test_who_ends_is_gone_from_that_instant_on(connection: Connection) -> None:
    sold = await insert_sold(connection, "void")
    await insert_paid_period(connection, sold, START)
    ended = text("UPDATE subscriptions SET status = 'canceled', ended_at = :at WHERE id = :id")
    await connection.execute(ended, {"at": END, "id": sold.subscription_id})

    before = await growth(connection, FIRST, END)
    after = await growth(connection, FIRST, END + timedelta(seconds=1))

    assert (before.subscribers[-1].closing, after.subscribers[-1].closing) == (1, 0)
    assert after.mrr[-1].closing_cents == 0


async def test_without_anybody_there_is_nothing(connection: Connection) -> None:
    await insert_sold(connection)

    found = await growth(connection, FIRST, LAST)

    assert (found.mrr, found.subscribers, await recovery(connection, FIRST, LAST)) == ([], [], [])


@pytest.mark.parametrize(
    ("end", "counts"),
    [
        (None, (0, 0, 1)),
        ("recovered", (1, 0, 0)),
        ("uncollected", (0, 1, 0)),
        ("left_unpaid", (0, 1, 0)),
        ("canceled", (0, 1, 0)),
        ("withdrawn", (0, 1, 0)),
    ],
)
async def test_what_becomes_of_a_case(
    connection: Connection, end: str | None, counts: tuple[int, int, int]
) -> None:
    sold = await insert_sold(connection)
    await connection.execute(text("UPDATE payments SET dunning_attempt = 3"))
    await happens(connection, sold, "fell_due", END)
    if end is not None:
        await happens(connection, sold, end, END + timedelta(days=7))

    [month] = await recovery(connection, FIRST, LAST)
    elsewhere = await recovery(connection, LAST, LAST + timedelta(days=30))

    assert (month.recovered, month.lost, month.open) == counts
    assert (month.opened_cents, month.by_attempt) == (PRICE, {"3": 1} if counts[0] else {})
    assert elsewhere == []
