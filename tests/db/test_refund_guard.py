"""Never more goes back than came in, whoever asks for it, and at whatever same moment."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import insert as insert_into
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from db.database import Connection, Database
from db.queries import invoices, payments, purses, refundable, refunds
from db.queries.purses import Bill
from db.queries.refunds import RefundOrder
from db.tables.billing import Payment, Refund
from db.tables.corrections import Dispute
from db.tables.messages import PaymentReport
from domain.correction import Paid
from domain.refund import RefundReason, RefundStatus
from ops.settings import Settings
from tests.db.refused import refused
from tests.db.rows import END, START, insert_row
from tests.db.sold import Sold, insert_sold
from tests.wide_database import wide_database

RACERS = 20


def order(sold: Sold, cents: int, key: str = "first") -> RefundOrder:
    return RefundOrder(
        payment_id=sold.payment_id,
        key=f"payment:{sold.payment_id}:{key}",
        reason=RefundReason.WITHDRAWAL,
        amount_cents=cents,
        currency="EUR",
        actor="user:1",
        trace_id="0" * 32,
    )


@pytest.fixture
async def sold(connection: Connection) -> Sold:
    return await insert_sold(connection, "paid")


async def insert(connection: Connection, refund: RefundOrder) -> int | None:
    return await refunds.insert_refund(connection, refund, START)


async def test_parts_go_back_up_to_the_whole(connection: Connection, sold: Sold) -> None:
    for key, cents in {"one": 990, "two": 600, "three": 400}.items():
        assert await insert(connection, order(sold, cents, key)) is not None

    with refused(by="refunds_within_payment"):
        await insert(connection, order(sold, 1, "four"))


@pytest.mark.parametrize(
    "status", [RefundStatus.CREATED, RefundStatus.UNKNOWN, RefundStatus.SUCCEEDED, RefundStatus.FAILED]
)
async def test_only_one_that_failed_leaves_room_for_another(
    connection: Connection, sold: Sold, status: RefundStatus
) -> None:
    await insert(connection, order(sold, 1_990))
    is_settled = status in {RefundStatus.SUCCEEDED, RefundStatus.FAILED}
    await connection.execute(
        update(Refund)
        .where(Refund.payment_id == sold.payment_id)
        .values(status=status, settled_at=END if is_settled else None)
    )

    if status is RefundStatus.FAILED:
        assert await insert(connection, order(sold, 1_990, "again")) is not None
        with refused(by="refunds_within_payment"):
            await connection.execute(update(Refund).where(Refund.status == status).values(status="succeeded"))
    else:
        with refused(by="refunds_within_payment"):
            await insert(connection, order(sold, 1, "again"))


async def test_the_same_refund_again_is_no_second_one(connection: Connection, sold: Sold) -> None:
    assert await insert(connection, order(sold, 1_990)) is not None
    assert await insert(connection, order(sold, 1_990)) is None

    assert len(await refunds.find_unsent(connection, sold.subscription_id)) == 1


@pytest.mark.parametrize("status", ["open", "void"])
async def test_what_never_came_does_not_go_back(connection: Connection, status: str) -> None:
    with refused(by="refunds_within_payment"):
        await insert(connection, order(await insert_sold(connection, status), 1))


async def test_another_currency_does_not_go_back(connection: Connection, sold: Sold) -> None:
    with refused(by="refunds_within_payment"):
        await insert(connection, replace(order(sold, 1), currency="USD"))


async def test_a_surplus_may_go_back_too(connection: Connection) -> None:
    sold = await insert_sold(connection)
    await payments.mark_succeeded(connection, sold.payment_id, 2_500, START)

    assert await insert(connection, order(sold, 2_500)) is not None


async def test_what_is_left_of_a_payment(connection: Connection, sold: Sold) -> None:
    await insert(connection, order(sold, 990))

    payment = await refundable.load_payment(connection, sold.payment_id)
    assert (payment.applied_left_cents, payment.unapplied_left_cents) == (1_000, 0)
    [invoice] = await refundable.list_invoices(connection, sold.subscription_id)
    assert (invoice.payment_id, invoice.left, invoice.period) == (sold.payment_id, Paid(1_000), None)

    await insert(connection, order(sold, 1_000, "rest"))
    assert await refundable.list_invoices(connection, sold.subscription_id) == []


@pytest.mark.parametrize(
    ("received_cents", "disputed_cents", "left"),
    [(1_990, 1_990, (0, 0)), (1_990, 500, (1_490, 0)), (2_500, 1_990, (0, 510)), (2_500, 2_200, (0, 300))],
)
async def test_what_was_charged_back_is_not_left(
    connection: Connection, received_cents: int, disputed_cents: int, left: tuple[int, int]
) -> None:
    sold = await insert_sold(connection)
    await payments.mark_succeeded(connection, sold.payment_id, received_cents, START)
    await invoices.mark_paid(connection, sold.invoice_id, sold.payment_id, START)
    bill = Bill(sold.invoice_id, sold.user_id, "EUR")
    await purses.move_balance(connection, bill, 10_000, START, key=f"{sold.payment_id}:balance")
    report_id = await insert_row(connection, PaymentReport, payment_id=sold.payment_id)
    await connection.execute(
        insert_into(Dispute).values(
            payment_id=sold.payment_id,
            report_id=report_id,
            amount_cents=disputed_cents,
            currency="EUR",
            opened_at=START,
        )
    )

    payment = await refundable.load_payment(connection, sold.payment_id)

    assert (payment.applied_left_cents, payment.unapplied_left_cents) == left
    invoice = await refundable.load_invoice(connection, sold.invoice_id)
    assert invoice.left == Paid(left[0])


@pytest.fixture
async def wide(settings: Settings) -> AsyncIterator[Database]:
    async with wide_database(settings, RACERS) as wide:
        yield wide


async def test_twenty_at_once_never_give_back_more_than_was_received(wide: Database) -> None:
    async with wide.transaction() as connection:
        sold = await insert_sold(connection, "paid")
    gate = asyncio.Barrier(RACERS)

    async def give_back(number: int) -> bool:
        async with wide.transaction() as connection:
            await connection.execute(text("SELECT 1"))
            await gate.wait()
            return await insert(connection, order(sold, 300, f"racer-{number}")) is not None

    outcomes = await asyncio.gather(*(give_back(number) for number in range(RACERS)), return_exceptions=True)

    async with wide.read() as connection:
        cents = (
            await connection.execute(select(Refund.amount_cents).where(Refund.payment_id == sold.payment_id))
        ).scalars()
        received = await connection.scalar(
            select(Payment.received_cents).where(Payment.id == sold.payment_id)
        )
    assert list(cents) == [300] * 6
    assert received == 1_990
    assert outcomes.count(True) == 6
    assert sum(isinstance(outcome, IntegrityError) for outcome in outcomes) == RACERS - 6
