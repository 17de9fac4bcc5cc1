"""An invoice is whole when it is finalized, and immutable from then on."""

import asyncio
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import delete, insert, text, update

from db.database import Connection, Database
from db.queries import invoices
from db.tables.billing import Invoice, InvoiceLine
from tests.db.refused import refused
from tests.db.rows import END, START, insert_row, valid_row
from tests.db.sold import insert_sold, insert_subscriber
from tests.db.waiting import wait_until_blocked

FINAL = ("paid", "void", "uncollectible")
STATUSES = ("draft", "open", *FINAL)
MOVES = {("draft", "draft"), ("draft", "open"), ("open", "open"), *(("open", status) for status in FINAL)}

MAY_CHANGE = {"status", "created_at", "paid_at", "voided_at", "written_off_at", "paid_by_payment_id"}
CARRIED = "carried_net_cents"
CHANGES = {
    "number": "IT-2026-999999",
    "subscription_id": 1,
    "user_id": 1,
    "billing_reason": "manual",
    "currency": "USD",
    "total_cents": 1,
    "net_cents": 1,
    "vat_cents": 1,
    "vat_rate_bp": 1,
    "promo_code": "CIAO20",
    "discount_cents": 1,
    "gift_cents": 1,
    "balance_cents": 1,
    "period_start": START - timedelta(days=1),
    "period_end": END + timedelta(days=1),
    "finalized_at": END,
}


@pytest.mark.parametrize(("status", "following"), list(product(STATUSES, repeat=2)))
async def test_moves_between_statuses(connection: Connection, status: str, following: str) -> None:
    sold = await insert_sold(connection, status)
    number = None if following == "draft" else text("coalesce(number, 'IT-2026-999999')")
    paid_by = sold.payment_id if following == "paid" else None
    move = (
        update(Invoice)
        .where(Invoice.id == sold.invoice_id)
        .values(status=following, number=number, paid_by_payment_id=paid_by)
    )
    if (status, following) in MOVES:
        assert (await connection.execute(move)).rowcount == 1
    else:
        with refused(by=f"invoice {sold.invoice_id} cannot go from {status} to {following}"):
            await connection.execute(move)


@pytest.mark.parametrize("status", FINAL)
async def test_net_is_carried_to_and_from_a_paid_invoice_alone(connection: Connection, status: str) -> None:
    sold = await insert_sold(connection, status)
    carry = update(Invoice).where(Invoice.id == sold.invoice_id).values({CARRIED: -984})

    if status == "paid":
        assert (await connection.execute(carry)).rowcount == 1
    with refused(by=f"invoice {sold.invoice_id} cannot go from {status} to {status}"):
        await connection.execute(carry.values(paid_at=END, carried_net_cents=0))


@pytest.mark.parametrize(("column", "value"), list(CHANGES.items()))
async def test_a_finalized_invoice_is_immutable(connection: Connection, column: str, value: object) -> None:
    sold = await insert_sold(connection)

    with refused(by=f"invoice {sold.invoice_id} is finalized"):
        await connection.execute(update(Invoice).where(Invoice.id == sold.invoice_id).values({column: value}))


def test_every_column_is_guarded_or_left_out_on_purpose() -> None:
    assert CHANGES.keys() | MAY_CHANGE | {CARRIED, "id"} == set(Invoice.__table__.columns.keys())


@pytest.mark.parametrize("status", STATUSES)
async def test_an_invoice_is_never_deleted(connection: Connection, status: str) -> None:
    sold = await insert_sold(connection, status)

    with refused(by="invoices are never deleted"):
        await connection.execute(delete(Invoice).where(Invoice.id == sold.invoice_id))


async def test_invoices_are_never_emptied_out(connection: Connection) -> None:
    with refused(by="invoice_lines is append-only"):
        await connection.execute(text("TRUNCATE invoices CASCADE"))


@pytest.mark.parametrize("status", STATUSES[1:])
async def test_an_invoice_begins_as_a_draft(connection: Connection, status: str) -> None:
    row = valid_row(Invoice, status=status, number="IT-2026-999999")

    with refused(by="an invoice begins as a draft"):
        await connection.execute(insert(Invoice).values(row))


@pytest.mark.parametrize("status", STATUSES[1:])
async def test_only_a_draft_takes_lines(connection: Connection, status: str) -> None:
    sold = await insert_sold(connection, status)

    with refused(by=f"invoice {sold.invoice_id} is finalized"):
        await insert_row(connection, InvoiceLine, invoice_id=sold.invoice_id, position=2)


@pytest.mark.parametrize("amounts", [[], [1_989], [1_990, 1]])
async def test_a_total_other_than_its_lines_is_not_finalized(
    connection: Connection, amounts: list[int]
) -> None:
    user_id, subscription_id = await insert_subscriber(connection)
    invoice_id = await insert_row(connection, Invoice, user_id=user_id, subscription_id=subscription_id)
    for position, amount_cents in enumerate(amounts, start=1):
        await insert_row(
            connection, InvoiceLine, invoice_id=invoice_id, position=position, amount_cents=amount_cents
        )

    with refused(by=f"invoice {invoice_id} is not the sum of its lines"):
        await invoices.finalize(connection, invoice_id, START)


async def test_a_finalization_counts_the_line_that_is_just_being_added(database: Database) -> None:
    async with database.transaction() as connection:
        sold = await insert_sold(connection, "draft")

    async def finalize() -> None:
        async with database.transaction() as connection:
            await invoices.finalize(connection, sold.invoice_id, START)

    async with database.transaction() as adding:
        await insert_row(adding, InvoiceLine, invoice_id=sold.invoice_id, position=2)
        finalization = asyncio.create_task(finalize())
        await wait_until_blocked(database, "invoices")
    with refused(by=f"invoice {sold.invoice_id} is not the sum of its lines"):
        await finalization
