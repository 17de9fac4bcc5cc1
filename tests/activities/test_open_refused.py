"""What the rules refuse to open, and that nothing is written then."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from temporalio.exceptions import ApplicationError

from domain.ending import cancel, end_period, expire
from domain.refusals import RefusalCode
from tests.activities.customer import IN_THE_PERIOD, PERIOD_END, Customer
from tests.activities.everything import everything_of
from tests.activities.refused import refused

LONG_AFTER = datetime(2100, 1, 1, tzinfo=UTC)


async def test_an_unknown_plan(customer: Customer) -> None:
    with refused(RefusalCode.PLAN_NOT_FOUND):
        await customer.start("P99Y")

    assert await everything_of(customer) == {}


async def test_an_unknown_plan_leaves_an_earlier_start_alone(customer: Customer) -> None:
    await customer.start()
    written = await everything_of(customer)

    with refused(RefusalCode.PLAN_NOT_FOUND):
        await customer.start("P99Y")

    assert await everything_of(customer) == written


async def test_a_refused_start_does_not_burn_its_key(customer: Customer) -> None:
    with refused(RefusalCode.PLAN_NOT_FOUND):
        await customer.start("P99Y", key="one", request_hash="wrong plan")

    opened = await customer.start("P1Y", key="one", request_hash="right plan")

    assert (await customer.book(opened.answer.subscription_id)).status == "incomplete"


async def test_a_second_subscription_beside_an_active_one(customer: Customer) -> None:
    active = await customer.start_and_pay()
    written = await everything_of(customer)

    with refused(RefusalCode.SUBSCRIPTION_EXISTS, subscription_id=active.subscription_id):
        await customer.start("P1Y")

    assert await everything_of(customer) == written


async def test_an_active_one_that_is_to_end_is_still_there(customer: Customer) -> None:
    active = await customer.start_and_pay()
    await customer.record(cancel(active, at_period_end=True, at=IN_THE_PERIOD))

    with refused(RefusalCode.SUBSCRIPTION_EXISTS, subscription_id=active.subscription_id):
        await customer.start()


async def test_after_the_end_there_is_room_again(customer: Customer) -> None:
    await customer.record(end_period(await customer.start_and_pay()), at=PERIOD_END)
    canceled = await customer.start_and_pay()
    await customer.record(cancel(canceled, at_period_end=False, at=IN_THE_PERIOD))
    expired = (await customer.start()).state
    await customer.record(expire(expired, IN_THE_PERIOD))

    opened = await customer.start()

    assert (await customer.book(opened.answer.subscription_id)).status == "incomplete"


async def test_a_payment_of_the_earlier_start_that_is_not_settled_yet(customer: Customer) -> None:
    first = await customer.start()
    report_id = await customer.report(first.answer.payment_id)
    written = await everything_of(customer)

    with refused(RefusalCode.PAYMENT_IN_PROGRESS):
        await customer.start()
    assert await everything_of(customer) == written

    await customer.settle(report_id)
    with refused(RefusalCode.SUBSCRIPTION_EXISTS, subscription_id=first.answer.subscription_id):
        await customer.start()


async def test_too_many_starts_within_an_hour(customer: Customer) -> None:
    for _ in range(3):
        await customer.start(starts_per_hour=3)
    written = await everything_of(customer)

    with refused(RefusalCode.TOO_MANY_STARTS):
        await customer.start(starts_per_hour=3)

    assert await everything_of(customer) == written


async def test_starts_of_an_hour_ago_count_no_more(customer: Customer) -> None:
    for _ in range(3):
        await customer.start(starts_per_hour=3)

    with pytest.raises(ApplicationError, match="too many starts"):
        await customer.start(starts_per_hour=3, at=LONG_AFTER)  # a clock that was turned does not help
    async with customer.database.transaction() as connection:
        await connection.execute(
            text("UPDATE subscriptions SET created_at = created_at - interval '1 hour' WHERE user_id = :id"),
            {"id": customer.user_id},
        )

    assert (await customer.start(starts_per_hour=3)).state.status == "incomplete"


async def test_a_key_that_was_answered_is_not_another_start(customer: Customer) -> None:
    first = await customer.start(key="one", starts_per_hour=1)

    assert await customer.start(key="one", starts_per_hour=1) == first
