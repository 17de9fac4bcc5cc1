"""Refunds and a chargeback of one payment never take more than came in, whoever comes first."""

import asyncio
import uuid

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from db.database import Connection, Database
from db.queries import credit_notes, disputes, invoices, payments, refunds
from db.queries.credit_notes import CreditNoteOrder
from db.queries.refundable import load_invoice, load_payment
from db.queries.refunds import RefundOrder
from db.tables.billing import Refund
from db.tables.corrections import Dispute
from db.tables.messages import PaymentReport
from domain.chargeback import LeftOfPayment
from domain.correction import CreditNoteReason, NetAndVat, Paid
from domain.refund import RefundReason, RefundStatus
from domain.tenders import Tenders
from ops.settings import Settings
from tests.db.refused import refused
from tests.db.rows import END, START, insert_row
from tests.db.sold import Sold, insert_sold
from tests.db.waiting import wait_until_blocked

PRICE = 1_990
ROUNDS = 10
INVOICE_GUARD = "given_back_within_invoice"


@pytest.fixture
async def sold(connection: Connection) -> Sold:
    return await insert_sold(connection, "paid")


async def dispute(connection: Connection, sold: Sold, cents: int, currency: str = "EUR") -> int:
    report_id = await insert_row(connection, PaymentReport, payment_id=sold.payment_id)
    return await disputes.insert_dispute(
        connection,
        payment_id=sold.payment_id,
        report_id=report_id,
        amount_cents=cents,
        currency=currency,
        at=START,
    )


async def credit(connection: Connection, sold: Sold, cents: int, refund_id: int | None = None) -> None:
    """To the balance, unless it is of a refund. One that is refused leaves the transaction as it was."""
    back = Paid(cents) if refund_id else Paid(tenders=Tenders(balance_cents=cents))
    order = CreditNoteOrder(
        sold.invoice_id, f"{sold.invoice_id}:{uuid.uuid4()}", CreditNoteReason.STAFF, back, refund_id
    )
    invoice = (await credit_notes.load_credited(connection, sold.invoice_id)).invoice
    async with connection.begin_nested():
        await credit_notes.insert_note(connection, order, invoice, NetAndVat(cents, 0), START)


async def refund(
    connection: Connection, sold: Sold, cents: int, key: str = "first", unapplied_cents: int = 0
) -> int | None:
    order = RefundOrder(
        payment_id=sold.payment_id,
        key=f"payment:{sold.payment_id}:{key}",
        reason=RefundReason.STAFF,
        amount_cents=cents,
        unapplied_cents=unapplied_cents,
        currency="EUR",
        actor="user:1",
        trace_id="0" * 32,
    )
    async with connection.begin_nested():
        return await refunds.insert_refund(connection, order, START)


async def settle(connection: Connection, refund_id: int | None, status: RefundStatus) -> None:
    settled_at = None if status is RefundStatus.UNKNOWN else END
    await connection.execute(
        update(Refund).where(Refund.id == refund_id).values(status=status, settled_at=settled_at)
    )


async def test_a_refund_leaves_room_for_what_was_charged_back(connection: Connection, sold: Sold) -> None:
    await dispute(connection, sold, 1_500)

    assert (await load_payment(connection, sold.payment_id)).left_cents == 490
    assert await refund(connection, sold, 490) is not None
    with refused(by="refunds_within_payment"):
        await refund(connection, sold, 1, "second")


async def test_a_chargeback_leaves_room_for_what_was_refunded(connection: Connection, sold: Sold) -> None:
    await settle(connection, await refund(connection, sold, 490), RefundStatus.SUCCEEDED)

    assert await disputes.find_left(connection, sold.payment_id) == LeftOfPayment(PRICE, 490, 0)
    with refused(by="dispute_within_payment"):
        await dispute(connection, sold, 1_501)


async def test_what_is_credited_after_it_leaves_room_for_it(connection: Connection, sold: Sold) -> None:
    await credit(connection, sold, 1_000)
    await dispute(connection, sold, 500)

    await credit(connection, sold, 300)
    assert (await load_invoice(connection, sold.invoice_id)).left == Paid(190)
    assert await refund(connection, sold, 190) is not None
    with refused(by=INVOICE_GUARD):
        await refund(connection, sold, 1, "second")
    with refused(by=INVOICE_GUARD):
        await credit(connection, sold, 1)
    assert (await load_invoice(connection, sold.invoice_id)).left == Paid()


async def test_it_is_booked_whatever_was_credited_before(connection: Connection, sold: Sold) -> None:
    """Below zero nothing is left, and nothing more goes back."""
    await credit(connection, sold, PRICE)
    await dispute(connection, sold, PRICE)

    assert (await load_invoice(connection, sold.invoice_id)).left == Paid()
    with refused(by=INVOICE_GUARD):
        await credit(connection, sold, 1)


async def test_a_refund_that_was_opened_before_it_is_settled(connection: Connection, sold: Sold) -> None:
    """It fits beside the chargeback, although both take what had been credited."""
    await credit(connection, sold, 1_490)
    refund_id = await refund(connection, sold, 500)
    await dispute(connection, sold, 1_490)

    await settle(connection, refund_id, RefundStatus.UNKNOWN)
    await settle(connection, refund_id, RefundStatus.SUCCEEDED)
    await credit(connection, sold, 500, refund_id)

    with refused(by=INVOICE_GUARD):
        await credit(connection, sold, 1)


async def test_a_surplus_goes_back_beside_it(connection: Connection) -> None:
    """All of the invoice is credited and charged back: what paid for nothing is not the invoice's."""
    sold = await insert_sold(connection)
    await payments.mark_succeeded(connection, sold.payment_id, PRICE + 500, START)
    await invoices.mark_paid(connection, sold.invoice_id, sold.payment_id, START)
    await credit(connection, sold, PRICE)
    await dispute(connection, sold, PRICE)

    assert await refund(connection, sold, 500, unapplied_cents=500) is not None


async def test_a_credit_note_waits_for_it(database: Database) -> None:
    """Neither sees what the other has written before it is there: the second one counts both."""
    async with database.transaction() as connection:
        sold = await insert_sold(connection, "paid")

    async def credit_all() -> None:
        async with database.transaction() as connection:
            await credit(connection, sold, PRICE)

    async with database.transaction() as connection:
        await dispute(connection, sold, 500)
        crediting = asyncio.create_task(credit_all())
        await wait_until_blocked(database, "INSERT INTO credit_notes")
    with refused(by=INVOICE_GUARD):
        await crediting


@pytest.mark.parametrize("status", ["open", "void"])
async def test_what_never_came_is_not_charged_back(connection: Connection, status: str) -> None:
    with refused(by="dispute_within_payment"):
        await dispute(connection, await insert_sold(connection, status), 1)


async def test_another_currency_is_not_charged_back(connection: Connection, sold: Sold) -> None:
    with refused(by="dispute_within_payment"):
        await dispute(connection, sold, 1, "USD")


async def test_of_refunds_under_way_those_succeed_that_still_fit(connection: Connection, sold: Sold) -> None:
    small, large = (
        await refund(connection, sold, 400, "small"),
        await refund(connection, sold, 1_590, "large"),
    )
    await dispute(connection, sold, 1_500)
    assert await disputes.find_left(connection, sold.payment_id) == LeftOfPayment(PRICE, 0, PRICE)
    assert (await load_payment(connection, sold.payment_id)).left_cents == 0

    await settle(connection, large, RefundStatus.UNKNOWN)
    await settle(connection, small, RefundStatus.SUCCEEDED)
    await settle(connection, large, RefundStatus.FAILED)

    assert (await load_payment(connection, sold.payment_id)).left_cents == 90
    with refused(by="refunds_within_payment"):
        await settle(connection, large, RefundStatus.SUCCEEDED)


async def test_a_user_is_flagged_since_the_first_time(connection: Connection, sold: Sold) -> None:
    assert await disputes.find_flagged_at(connection, sold.user_id) is None
    for at in (START, END):
        await disputes.flag_user(connection, sold.user_id, at)

    assert await disputes.find_flagged_at(connection, sold.user_id) == START


async def test_racing_they_never_take_more_than_was_received(settings: Settings) -> None:
    """Each for more than half of it: exactly one of the two gets it."""
    database = Database.from_settings(settings)
    outcomes = [await _race(database) for _ in range(ROUNDS)]
    await database.close()

    assert {sum(outcome) for outcome in outcomes} == {1}


async def _race(database: Database) -> tuple[bool, bool]:
    """Whether the refund, and whether the chargeback, was taken. Both wait at the gate, in transactions."""
    async with database.transaction() as connection:
        sold = await insert_sold(connection, "paid")
    gate = asyncio.Barrier(2)

    async def refunding() -> None:
        async with database.transaction() as connection:
            await connection.execute(text("SELECT 1"))
            await gate.wait()
            await settle(connection, await refund(connection, sold, 1_000), RefundStatus.SUCCEEDED)

    async def disputing() -> None:
        async with database.transaction() as connection:
            await connection.execute(text("SELECT 1"))
            await gate.wait()
            await dispute(connection, sold, 1_000)

    results = await asyncio.gather(refunding(), disputing(), return_exceptions=True)
    for result in results:
        assert result is None or isinstance(result, IntegrityError), result
    async with database.read() as connection:
        taken = await connection.scalar(
            select(func.coalesce(func.sum(Refund.amount_cents), 0)).where(
                Refund.payment_id == sold.payment_id
            )
        )
        disputed = await connection.scalar(
            select(func.coalesce(func.sum(Dispute.amount_cents), 0)).where(
                Dispute.payment_id == sold.payment_id
            )
        )
    assert (taken or 0) + (disputed or 0) == 1_000
    return bool(taken), bool(disputed)
