"""Which invoices an export holds, and that it is one snapshot out of one cursor."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from db.database import Connection, Database
from db.queries import invoice_export
from db.queries.invoice_export import stream_invoices
from db.tables.billing import Refund
from domain.invoice import InvoiceStatus
from domain.window import Window
from tests.conftest import FreshDatabaseUrl
from tests.db.rows import START, insert_row
from tests.db.sold import Sold, insert_sold
from tests.stack import PATIENCE_MS, settings_for

A_TICK = timedelta(microseconds=1)


@pytest.fixture(scope="module")
async def database(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[Database]:
    """One that holds these invoices only."""
    database = Database.from_settings(settings_for(await fresh_database_url()))
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def sold(database: Database) -> dict[str, Sold]:
    async with database.transaction() as connection:
        return {
            status: await insert_sold(connection, status)
            for status in ("draft", "open", "paid", "void", "uncollectible")
        }


async def exported(connection: Connection, status: str, window: Window) -> list[dict[str, Any]]:
    async with stream_invoices(connection, InvoiceStatus(status), window) as batches:
        return [dict(row._mapping) async for batch in batches for row in batch]


@pytest.mark.parametrize("status", ["open", "paid", "void", "uncollectible"])
async def test_an_invoice_is_in_the_window_in_which_it_came_to_its_status(
    database: Database, sold: dict[str, Sold], status: str
) -> None:
    async with database.stream() as connection:
        for window, is_in in (
            (Window(), True),
            (Window(START), True),
            (Window(START, START + A_TICK), True),
            (Window(START + A_TICK), False),
            (Window(None, START), False),
        ):
            found = {row["invoice_id"] for row in await exported(connection, status, window)}
            assert (sold[status].invoice_id in found) is is_in, window


async def test_a_row_says_who_paid_how_and_what_went_back(database: Database, sold: dict[str, Sold]) -> None:
    paid = sold["paid"]
    async with database.transaction() as connection:
        for cents, status in ((500, "succeeded"), (90, "succeeded"), (1_000, "failed"), (400, "created")):
            settled = {} if status == "created" else {"settled_at": START}
            await insert_row(connection, Refund, payment_id=paid.payment_id, amount_cents=cents)
            await connection.execute(
                text("UPDATE refunds SET status = :status, settled_at = :at WHERE id = lastval()"),
                {"status": status, "at": settled.get("settled_at")},
            )
    async with database.stream() as connection:
        [row] = await exported(connection, "paid", Window())
        buyer = await connection.execute(text("SELECT email FROM users WHERE id = :id"), {"id": paid.user_id})
        email = buyer.scalar_one()

    assert tuple(row) == invoice_export.COLUMNS
    assert row | {"number": "IT-2026-000002"} == {
        "number": "IT-2026-000002",
        "invoice_id": paid.invoice_id,
        "subscription_id": paid.subscription_id,
        "user_id": paid.user_id,
        "buyer_email": email,
        "billing_reason": "subscription_create",
        "status": "paid",
        "currency": "EUR",
        "total_cents": 1_990,
        "net_cents": 1_631,
        "vat_cents": 359,
        "vat_rate_bp": 2_200,
        "refunded_cents": 590,
        "period_start": START,
        "period_end": START + timedelta(days=30),
        "finalized_at": START,
        "paid_at": START,
        "voided_at": None,
        "written_off_at": None,
        "payment_id": paid.payment_id,
        "payment_provider": "mock",
        "payment_reference": None,
        "subtotal_cents": 1_990,
        "discount_cents": 0,
        "promo_code": None,
        "gift_cents": 0,
        "balance_cents": 0,
        "amount_due_cents": 1_990,
        "credited_cents": 0,
    }


async def test_what_is_sold_meanwhile_is_not_in_it(
    database: Database, sold: dict[str, Sold], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(invoice_export, "ROWS_AT_ONCE", 2)
    async with database.transaction() as connection:
        before = [(await insert_sold(connection, "void")).invoice_id for _ in range(5)]
    async with database.stream() as connection:
        async with stream_invoices(connection, InvoiceStatus.VOID, Window()) as batches:
            first = await anext(batches)
            async with database.transaction() as other:
                await insert_sold(other, "void")
            rest = [row.invoice_id async for batch in batches for row in batch]
        again = await exported(connection, "void", Window())

    assert len(first) == 2
    ids = [row.invoice_id for row in first] + rest
    assert ids == [sold["void"].invoice_id, *before] == [row["invoice_id"] for row in again]


async def test_a_stream_has_a_minute_for_each_part_writes_nothing_and_leaves_no_trace(
    database: Database,
) -> None:
    async def setting(connection: Connection, name: str) -> str:
        value: str = (await connection.execute(text(f"SHOW {name}"))).scalar_one()
        return value

    names = ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_read_only")
    async with database.stream() as connection:
        assert [await setting(connection, name) for name in names] == ["1min", "1min", "on"]
        assert await setting(connection, "transaction_isolation") == "repeatable read"
    with pytest.raises(DBAPIError, match="read-only transaction"):
        async with database.stream() as connection:
            await insert_sold(connection)
    for _ in range(3):
        async with database.transaction() as connection:
            assert [await setting(connection, name) for name in names] == [
                f"{PATIENCE_MS // 1_000}s",
                "10s",
                "off",
            ]
            assert await setting(connection, "transaction_isolation") == "read committed"
