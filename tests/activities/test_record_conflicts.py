"""A change is recorded once, and only on the state that it was decided on."""

import asyncio
from dataclasses import replace

import pytest

from activities.contracts import RecordedSubscription
from domain.ending import cancel, end_period, expire
from domain.subscription import Status
from tests.activities.customer import IN_THE_PERIOD, PERIOD_END, Customer
from tests.activities.everything import everything_of


async def test_the_same_change_twice_is_written_once(customer: Customer) -> None:
    paid = await customer.start_and_pay()
    change = cancel(paid.remembering("command-1"), at_period_end=False, at=IN_THE_PERIOD)

    first = await customer.record(change)
    written = await everything_of(customer)

    assert await customer.record(change, at=PERIOD_END) == first
    assert first.written
    assert await everything_of(customer) == written


async def test_a_change_decided_on_an_older_version_loses(customer: Customer) -> None:
    paid = await customer.start_and_pay()
    now = await customer.record(cancel(paid, at_period_end=False, at=IN_THE_PERIOD))
    written = await everything_of(customer)

    zombie = await customer.record(cancel(paid, at_period_end=True, at=IN_THE_PERIOD))

    assert zombie == RecordedSubscription(now.state, written=False)
    assert await everything_of(customer) == written


async def test_a_change_that_is_far_behind_loses(customer: Customer) -> None:
    opened = await customer.start()
    paid = await customer.settle(await customer.report(opened.answer.payment_id))
    ended = await customer.record(end_period(paid), at=PERIOD_END)
    written = await everything_of(customer)

    zombie = await customer.record(expire(opened.state, IN_THE_PERIOD))

    assert zombie == RecordedSubscription(ended.state, written=False)
    assert await everything_of(customer) == written


async def test_a_change_decided_on_what_was_never_recorded_loses(customer: Customer) -> None:
    opened = await customer.start()
    change = expire(opened.state, IN_THE_PERIOD)
    ahead = replace(change, state=replace(change.state, version=7))
    written = await everything_of(customer)

    assert await customer.record(ahead) == RecordedSubscription(opened.state, written=False)
    assert await everything_of(customer) == written


async def test_of_two_changes_at_once_one_is_written(customer: Customer) -> None:
    paid = await customer.start_and_pay()

    outcomes = await asyncio.gather(
        customer.record(cancel(paid, at_period_end=False, at=IN_THE_PERIOD)),
        customer.record(cancel(paid, at_period_end=True, at=IN_THE_PERIOD)),
    )

    assert sorted(outcome.written for outcome in outcomes) == [False, True]
    assert outcomes[0].state == outcomes[1].state == await customer.load(paid.subscription_id)


@pytest.mark.parametrize("attempt", range(3))
async def test_an_expiry_and_a_payment_at_once_converge(customer: Customer, attempt: int) -> None:
    """The report was accepted before the expiry, so it counts, whoever comes first."""
    opened = await customer.start()
    report_id = await customer.report(opened.answer.payment_id)

    await asyncio.gather(
        customer.record(expire(opened.state, opened.state.expires_at)), customer.settle(report_id)
    )

    book = await customer.book(opened.answer.subscription_id)
    assert (book.status, book.timeline) == ("active", ["opened", "activated"])


async def test_a_payment_and_a_new_start_at_once_leave_one_subscription(customer: Customer) -> None:
    opened = await customer.start()
    report_id = await customer.report(opened.answer.payment_id)

    settled, refused = await asyncio.gather(
        customer.settle(report_id), customer.start("P1Y"), return_exceptions=True
    )

    assert not isinstance(settled, BaseException)
    assert settled.status is Status.ACTIVE
    assert getattr(refused, "type", None) in {"payment_in_progress", "subscription_exists"}
    assert len((await everything_of(customer))["subscriptions"]) == 1
