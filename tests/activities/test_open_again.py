"""One key, one subscription: however often and at whatever same moment it comes."""

import asyncio
import uuid

from domain.ending import expire
from domain.refusals import RefusalCode
from tests.activities.customer import IN_THE_PERIOD, Customer
from tests.activities.everything import everything_of
from tests.activities.refused import refused


async def test_a_second_call_gets_the_first_ones_answer_and_writes_nothing(customer: Customer) -> None:
    first = await customer.start(key="one")
    written = await everything_of(customer)

    assert await customer.start(key="one", at=IN_THE_PERIOD) == first
    assert await everything_of(customer) == written


async def test_the_first_answer_stays_while_the_state_goes_on(customer: Customer) -> None:
    first = await customer.start(key="one")
    paid = await customer.settle(await customer.report(first.answer.payment_id))

    again = await customer.start(key="one")

    assert (again.answer, again.state) == (first.answer, paid)


async def test_a_key_answers_for_ever_also_after_the_end(customer: Customer) -> None:
    first = await customer.start(key="one")
    await customer.record(expire(first.state, IN_THE_PERIOD))
    await customer.start(key="two")
    written = await everything_of(customer)

    assert (await customer.start(key="one")).answer == first.answer
    assert await everything_of(customer) == written


async def test_another_request_under_the_same_key_is_refused(customer: Customer) -> None:
    await customer.start(key="one", request_hash="first")
    written = await everything_of(customer)

    with refused(RefusalCode.IDEMPOTENCY_KEY_REUSED):
        await customer.start("P1Y", key="one", request_hash="second")
    assert await everything_of(customer) == written


async def test_one_key_five_times_at_once_opens_one(customer: Customer) -> None:
    key = uuid.uuid4().hex

    opened = await asyncio.gather(*(customer.start(key=key) for _ in range(5)))

    assert all(each == opened[0] for each in opened)
    assert {table: len(rows) for table, rows in (await everything_of(customer)).items()} == {
        "subscriptions": 1,
        "invoices": 1,
        "invoice_lines": 1,
        "payments": 1,
        "ledger": 3,
        "outbox": 2,
        "timeline": 1,
    }


async def test_five_keys_at_once_leave_one_that_lives(customer: Customer) -> None:
    opened = await asyncio.gather(*(customer.start() for _ in range(5)))

    books = [await customer.book(each.answer.subscription_id) for each in opened]
    superseded = {each.superseded_workflow_id for each in opened} - {None}
    assert sorted(book.status for book in books) == ["incomplete"] + ["incomplete_expired"] * 4
    assert len(superseded) == 4


async def test_the_same_key_of_two_users_opens_two(customer: Customer) -> None:
    neighbour = await Customer.signup(customer.database)

    mine, theirs = await customer.start(key="one"), await neighbour.start(key="one")

    assert mine.answer.subscription_id != theirs.answer.subscription_id
