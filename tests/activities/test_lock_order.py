"""Who needs several locks takes them in one order: two who want the same ones wait, and not for each other.

Each test holds the first lock, as somebody else would, and sees that who waits for it holds no later one.
"""

import asyncio
from datetime import timedelta

from sqlalchemy import text

from db.database import Connection
from domain.ending import cancel
from domain.payment import ReportedStatus
from tests.activities.customer import IN_THE_PERIOD, PAID_AT, STARTED_AT, Customer
from tests.db.waiting import wait_until_blocked
from tests.purse import give_gift_card


async def take(connection: Connection, table: str, where: str, **of: int) -> None:
    """Raises when somebody else has it."""
    query = f"SELECT FROM {table} WHERE {where} FOR NO KEY UPDATE NOWAIT"
    await connection.execute(text(query), of)


async def test_a_chargeback_takes_its_user_before_the_subscription_as_a_start_does(
    customer: Customer,
) -> None:
    opened = await customer.start()
    state = await customer.settle(await customer.report(opened.answer.payment_id))
    report_id = await customer.report(opened.answer.payment_id, ReportedStatus.CHARGEBACK)

    async with customer.database.transaction() as starting:
        await take(starting, "users", "id = :id", id=customer.user_id)
        settling = asyncio.create_task(customer.settle(report_id))
        await wait_until_blocked(customer.database, "users")
        await take(starting, "subscriptions", "id = :id", id=state.subscription_id)

    assert (await settling).parked_reason == "chargeback"


async def test_who_puts_back_and_takes_out_again_takes_the_whole_purse_before(customer: Customer) -> None:
    """An unpaid start is superseded while a refund puts money on an older gift card, and in the balance."""
    first = await customer.start()
    paid = await customer.settle(await customer.report(first.answer.payment_id, amount_cents=1_990 + 400))
    await customer.record(cancel(paid, at_period_end=False, at=PAID_AT), at=PAID_AT)
    newer = await give_gift_card(customer.database, customer.user_id, 700, STARTED_AT)
    unpaid = await customer.start(at=PAID_AT)
    older = await give_gift_card(customer.database, customer.user_id, 1_000, STARTED_AT - timedelta(days=1))

    async with customer.database.transaction() as refunding:
        await take(refunding, "gift_cards", "id = :id", id=older)
        again = asyncio.create_task(customer.start(at=IN_THE_PERIOD))
        await wait_until_blocked(customer.database, "gift_cards")
        await take(refunding, "gift_cards", "id = :id", id=newer)
        await take(refunding, "customer_balances", "user_id = :id", id=customer.user_id)

    answer = (await again).answer
    assert unpaid.answer.amount_cents == 1_990 - 700 - 400
    assert (answer.gift_cents, answer.amount_cents) == (1_700, 0)
