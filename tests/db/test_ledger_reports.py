"""Trial balance, revenue and deferred revenue of a book in which every account moves."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy.dialects.postgresql import Range

from db.database import Connection, Database
from db.queries import ledger_reports
from db.queries.ledger import post_movement
from db.queries.ledger_reports import AccountTotal, Deferred, MonthOfRevenue
from db.tables.subscriptions import Period
from domain import ledger
from domain.ledger import Movement
from domain.window import Window
from tests.conftest import FreshDatabaseUrl
from tests.db.rows import START, insert_row
from tests.db.sold import insert_sold
from tests.stack import settings_for

JANUARY, FEBRUARY, MARCH = (datetime(2026, month, 5, tzinfo=UTC) for month in (1, 2, 3))
OTHERS = 10**12
"""Ids of what is not in the other tables."""

EUR, USD = ("EUR", 1_000, 220), ("USD", 500, 110)

BOOK: list[tuple[datetime, Movement]] = [
    (JANUARY, ledger.invoice_finalized(OTHERS + 1, *EUR)),
    (JANUARY, ledger.payment_received(OTHERS + 1, "EUR", 1_220, 1_220)),
    (FEBRUARY, ledger.revenue_recognized(OTHERS + 1, "EUR", 1_000)),
    (FEBRUARY, ledger.invoice_finalized(OTHERS + 2, *EUR)),
    (FEBRUARY, ledger.payment_received(OTHERS + 2, "EUR", 1_300, 1_220)),
    (FEBRUARY, ledger.refunded(OTHERS + 1, "EUR", unapplied_cents=0, net_cents=410, vat_cents=90)),
    (FEBRUARY, ledger.refund_opened(OTHERS + 2, "EUR", 80)),
    (FEBRUARY, ledger.refunded(OTHERS + 2, "EUR", unapplied_cents=80, net_cents=0, vat_cents=0)),
    (FEBRUARY, ledger.invoice_finalized(OTHERS + 3, *USD)),
    (MARCH, ledger.invoice_written_off(OTHERS + 3, *USD)),
    (MARCH, ledger.revenue_recognized(OTHERS + 3, "USD", 500)),
    (MARCH, ledger.invoice_finalized(OTHERS + 4, *EUR)),
    (MARCH, ledger.invoice_voided(OTHERS + 4, *EUR)),
    (MARCH, ledger.charged_back(OTHERS + 1, "EUR", 720)),
    (MARCH, ledger.late_payment_received(OTHERS + 3, "EUR", 300)),
    (MARCH, ledger.gift_cards_issued(OTHERS + 1, "ZAR", 5_000)),
    (MARCH, ledger.invoice_finalized(OTHERS + 5, "ZAR", 1_000, 220)),
    (MARCH, ledger.invoice_tendered(OTHERS + 5, "ZAR", gift_cents=1_000, balance_cents=220)),
    (MARCH, ledger.invoice_voided(OTHERS + 5, "ZAR", 1_000, 220)),
    (MARCH, ledger.invoice_untendered(OTHERS + 5, "ZAR", gift_cents=1_000, balance_cents=220)),
]


@pytest.fixture(scope="module")
async def book(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[Database]:
    database = Database.from_settings(settings_for(await fresh_database_url()))
    async with database.transaction() as connection:
        sold = await insert_sold(connection)
        for at, movement in BOOK:
            await post_movement(connection, sold.subscription_id, movement, at)
    yield database
    await database.close()


@pytest.fixture
async def connection(book: Database) -> AsyncIterator[Connection]:
    async with book.transaction() as connection:
        yield connection
        await connection.rollback()


async def test_the_trial_balance_tells_every_account_and_sums_to_zero(connection: Connection) -> None:
    assert await ledger_reports.trial_balance(connection, Window()) == [
        AccountTotal("EUR", "cash_at_provider", 2_820, 1_300, 1_520),
        AccountTotal("EUR", "customer_balance", 80, 80, 0),
        AccountTotal("EUR", "deferred_revenue", 2_000, 3_000, -1_000),
        AccountTotal("EUR", "disputes", 720, 0, 720),
        AccountTotal("EUR", "receivable", 3_660, 3_660, 0),
        AccountTotal("EUR", "refunds", 410, 0, 410),
        AccountTotal("EUR", "revenue", 0, 1_000, -1_000),
        AccountTotal("EUR", "unapplied_cash", 80, 380, -300),
        AccountTotal("EUR", "vat_payable", 310, 660, -350),
        AccountTotal("USD", "bad_debt", 500, 0, 500),
        AccountTotal("USD", "deferred_revenue", 500, 500, 0),
        AccountTotal("USD", "receivable", 610, 610, 0),
        AccountTotal("USD", "revenue", 0, 500, -500),
        AccountTotal("USD", "vat_payable", 110, 110, 0),
        AccountTotal("ZAR", "customer_balance", 220, 220, 0),
        AccountTotal("ZAR", "deferred_revenue", 1_000, 1_000, 0),
        AccountTotal("ZAR", "gift_card_liability", 1_000, 6_000, -5_000),
        AccountTotal("ZAR", "gift_issuance", 5_000, 0, 5_000),
        AccountTotal("ZAR", "receivable", 2_440, 2_440, 0),
        AccountTotal("ZAR", "vat_payable", 220, 220, 0),
    ]


@pytest.mark.parametrize(
    "window", [Window(), Window(end=FEBRUARY), Window(FEBRUARY, MARCH), Window(MARCH)], ids=str
)
async def test_every_window_sums_to_zero_in_each_currency(connection: Connection, window: Window) -> None:
    totals = await ledger_reports.trial_balance(connection, window)

    assert totals
    for currency in ("EUR", "USD", "ZAR"):
        assert sum(total.balance_cents for total in totals if total.currency == currency) == 0


async def test_revenue_by_month(connection: Connection) -> None:
    february = MonthOfRevenue(date(2026, 2, 1), "EUR", 1_000, 410, 0, 590)
    march = MonthOfRevenue(date(2026, 3, 1), "USD", 500, 0, 500, 0)

    assert await ledger_reports.revenue(connection, Window()) == [february, march]
    assert await ledger_reports.revenue(connection, Window(end=MARCH)) == [february]
    assert await ledger_reports.revenue(connection, Window(MARCH)) == [march]
    assert await ledger_reports.revenue(connection, Window(end=FEBRUARY)) == []


async def test_deferred_revenue_and_how_much_of_it_has_passed(connection: Connection) -> None:
    """Paid on the last of January for thirty days, at a net of 16.31."""
    paid = await insert_sold(connection, "paid")
    await insert_row(
        connection,
        Period,
        subscription_id=paid.subscription_id,
        invoice_id=paid.invoice_id,
        during=Range(START, START + timedelta(days=30)),
    )
    finalized = ledger.invoice_finalized(paid.invoice_id, "EUR", 1_631, 359)
    await post_movement(connection, paid.subscription_id, finalized, START)

    async def deferred(at: datetime) -> list[Deferred]:
        return await ledger_reports.deferred_revenue(connection, at)

    assert await deferred(START) == [Deferred("EUR", 1_000, 0)]
    after_ten_days = await deferred(START + timedelta(days=10))
    assert after_ten_days == [Deferred("EUR", 2_631, 544), Deferred("USD", 500, 0)]
    assert (await deferred(START + timedelta(days=99)))[0] == Deferred("EUR", 2_631, 1_631)
    recognized = ledger.revenue_recognized(paid.invoice_id, "EUR", 1_631)
    await post_movement(connection, paid.subscription_id, recognized, START + timedelta(days=30))
    assert (await deferred(START + timedelta(days=99)))[0] == Deferred("EUR", 1_000, 0)
