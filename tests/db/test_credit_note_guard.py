"""Credit notes stay within what was paid, are numbered without gaps, and never change, whoever writes."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text, update

from db.database import Connection, Database
from db.queries import credit_notes, refunds
from db.queries.credit_notes import CreditNoteOrder
from db.queries.refunds import RefundOrder
from db.tables.billing import Refund
from db.tables.corrections import CreditNote
from domain.correction import CreditNoteReason, NetAndVat, Paid
from domain.refund import RefundReason
from domain.tenders import Tenders
from ops.settings import Settings
from tests.db.refused import refused
from tests.db.rows import START
from tests.db.sold import Sold, insert_sold
from tests.wide_database import wide_database

RACERS = 20
IN_NOBODY_ELSES_YEAR = datetime(1997, 6, 1, tzinfo=UTC)
GUARD = "given_back_within_invoice"


@pytest.fixture
async def sold(connection: Connection) -> Sold:
    return await insert_sold(connection, "paid")


def note_of(sold: Sold, cents: int, key: str, refund_id: int | None = None) -> CreditNoteOrder:
    """To the card by its refund; without one to the balance."""
    back = Paid(cents) if refund_id else Paid(tenders=Tenders(balance_cents=cents))
    return CreditNoteOrder(
        sold.invoice_id, f"{sold.invoice_id}:{key}", CreditNoteReason.STAFF, back, refund_id
    )


async def issue(
    connection: Connection, order: CreditNoteOrder, currency: str = "EUR", at: datetime = START
) -> None:
    """A refusal leaves the transaction as it was."""
    parts = NetAndVat(order.back.total_cents, 0)
    invoice = (await credit_notes.load_credited(connection, order.invoice_id)).invoice
    async with connection.begin_nested():
        await credit_notes.insert_note(connection, order, replace(invoice, currency=currency), parts, at)


async def give_back(connection: Connection, sold: Sold, cents: int, key: str, unapplied: int = 0) -> int:
    order = RefundOrder(
        payment_id=sold.payment_id,
        key=f"{sold.payment_id}:{key}",
        reason=RefundReason.STAFF,
        amount_cents=cents,
        unapplied_cents=unapplied,
        currency="EUR",
        actor="user:1",
        trace_id="0" * 32,
    )
    async with connection.begin_nested():
        refund_id = await refunds.insert_refund(connection, order, START)
    assert refund_id is not None
    return refund_id


async def test_up_to_what_was_paid(connection: Connection, sold: Sold) -> None:
    await issue(connection, note_of(sold, 1_000, "one"))
    await issue(connection, note_of(sold, 990, "two"))

    with refused(by=GUARD):
        await issue(connection, note_of(sold, 1, "three"))


async def test_with_what_is_on_its_way_to_the_card(connection: Connection, sold: Sold) -> None:
    refund_id = await give_back(connection, sold, 1_000, "card")
    await issue(connection, note_of(sold, 990, "balance"))

    with refused(by=GUARD):
        await issue(connection, note_of(sold, 1, "too much"))
    with refused(by=GUARD):
        await give_back(connection, sold, 1, "too much")
    await issue(connection, note_of(sold, 1_000, "card", refund_id))
    with refused(by=GUARD):
        await issue(connection, note_of(sold, 1, "still too much"))


async def test_what_paid_for_nothing_is_not_the_invoices(connection: Connection, sold: Sold) -> None:
    await issue(connection, note_of(sold, 1_990, "all"))

    assert await give_back(connection, sold, 500, "surplus", unapplied=500)


async def test_a_refund_that_failed_leaves_room(connection: Connection, sold: Sold) -> None:
    refund_id = await give_back(connection, sold, 1_990, "card")
    failed = update(Refund).where(Refund.id == refund_id)
    await connection.execute(failed.values(status="failed", settled_at=START))

    await issue(connection, note_of(sold, 1_990, "all"))


@pytest.mark.parametrize("status", ["draft", "open", "void", "uncollectible"])
async def test_only_what_is_paid_can_be_corrected(connection: Connection, status: str) -> None:
    with refused(by=GUARD):
        await issue(connection, note_of(await insert_sold(connection, status), 1, "one"))


async def test_not_in_another_currency(connection: Connection, sold: Sold) -> None:
    with refused(by=GUARD):
        await issue(connection, note_of(sold, 1, "one"), currency="USD")


async def test_one_refund_has_one_credit_note(connection: Connection, sold: Sold) -> None:
    refund_id = await give_back(connection, sold, 500, "card")
    await issue(connection, note_of(sold, 500, "one", refund_id))

    with refused(by="uq_credit_notes_refund_id"):
        await issue(connection, note_of(sold, 500, "two", refund_id))


@pytest.mark.parametrize(
    ("back", "by"),
    [
        (Paid(), "ck_credit_notes_amount_is_positive"),
        (Paid(2, Tenders(balance_cents=-1)), "ck_credit_notes_goes_back_somewhere"),
    ],
)
async def test_it_goes_back_somewhere(connection: Connection, sold: Sold, back: Paid, by: str) -> None:
    with refused(by=by):
        await issue(connection, replace(note_of(sold, 1, "one"), back=back))


@pytest.mark.parametrize(
    "statement",
    ["UPDATE credit_notes SET amount_cents = 1", "DELETE FROM credit_notes", "TRUNCATE credit_notes"],
)
async def test_it_never_changes(connection: Connection, sold: Sold, statement: str) -> None:
    await issue(connection, note_of(sold, 500, "one"))

    with refused(by="credit_notes is append-only"):
        await connection.execute(text(statement))


@pytest.fixture
async def wide(settings: Settings) -> AsyncIterator[Database]:
    async with wide_database(settings, RACERS, database_statement_timeout_ms=60_000) as wide:
        yield wide


async def test_twenty_at_once_never_credit_more_than_was_paid_and_leave_no_gap(wide: Database) -> None:
    async with wide.transaction() as connection:
        sold = await insert_sold(connection, "paid")
    gate = asyncio.Barrier(RACERS)

    async def credit(number: int) -> bool:
        async with wide.transaction() as connection:
            await gate.wait()
            await issue(connection, note_of(sold, 300, f"racer-{number}"), at=IN_NOBODY_ELSES_YEAR)
            return True

    outcomes = await asyncio.gather(*(credit(number) for number in range(RACERS)), return_exceptions=True)

    async with wide.read() as connection:
        query = select(CreditNote.number).where(CreditNote.invoice_id == sold.invoice_id)
        numbers = sorted(int(number[8:]) for number in (await connection.execute(query)).scalars())
    assert outcomes.count(True) == len(numbers) == 6
    assert numbers == [1, 2, 3, 4, 5, 6]
