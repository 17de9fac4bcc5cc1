"""What a renewal is said to cost is what it will cost, whatever comes into the purse or leaves it."""

from datetime import timedelta

from tests.activities.announced import announced, assert_announced_as_it_is, events_of
from tests.activities.customer import (
    A_DAY,
    IN_THE_PERIOD,
    PAID_AT,
    PERIOD_END,
    STARTED_AT,
    Customer,
    payment_under_way,
)
from tests.activities.everything import rows_of
from tests.activities.refunding import open_refund, refund_invoice, send
from tests.activities.test_plan_credits import LATER, down, up_twice
from tests.activities.test_refund_faults import Refusing
from tests.db.promo_codes import publish
from tests.purse import give_gift_card, issue_gift_card

REMINDED_AT = PERIOD_END - timedelta(days=3)


async def test_with_a_promo_code_and_a_gift_card_it_is_what_is_billed(customer: Customer) -> None:
    await give_gift_card(customer.database, customer.user_id, 2_000, STARTED_AT)
    async with customer.database.transaction() as connection:
        code = await publish(connection, percent_off=50, duration="forever")
    opened = await customer.start(promo_code=code)
    said = await announced(customer)

    await customer.open_period(opened.state, REMINDED_AT)

    assert said == (995, 0, 0)
    *_, billed = await events_of(customer, "invoice.finalized")
    assert [billed[name] for name in ("gift_cents", "balance_cents", "amount_due_cents")] == list(said)
    assert await announced(customer) == (10, 0, 985)


async def test_a_card_that_expires_before_pays_nothing_of_it(customer: Customer) -> None:
    for ends_at in (PERIOD_END, PERIOD_END + A_DAY):
        await give_gift_card(customer.database, customer.user_id, 2_100, STARTED_AT, expires_at=ends_at)

    await customer.start()

    assert await announced(customer) == (1_990, 0, 0)


async def test_a_redeemed_card_and_what_was_said_already(customer: Customer) -> None:
    state = await customer.start_and_pay()
    before = await announced(customer)
    first, late = [await issue_gift_card(customer.database, cents, STARTED_AT) for cents in (700, 5_000)]

    await customer.redeem(state, first)
    redeemed = await announced(customer)
    await customer.redeem(state, late, REMINDED_AT)

    assert (before, redeemed) == ((0, 0, 1_990), (700, 0, 1_290))
    assert await announced(customer) == redeemed, "it was due, and may be sent"


async def test_too_much_and_twice(customer: Customer) -> None:
    opened = await customer.start()
    paid = await customer.settle(await customer.report(opened.answer.payment_id, amount_cents=2_090))
    assert await announced(customer) == (0, 100, 1_890)

    retried = await customer.open_period(paid, REMINDED_AT)
    again = await customer.open_attempt(retried, REMINDED_AT, is_automatic=False)
    for state in (retried, again):
        await customer.settle(await customer.report(payment_under_way(state)), at=REMINDED_AT)

    assert await announced(customer) == (0, 1_890, 100)
    refund_id = await open_refund(customer, payment_under_way(again))
    assert await announced(customer) == (0, 0, 1_990)
    await send(customer, refund_id)
    await assert_announced_as_it_is(customer, await customer.load(paid.subscription_id), PAID_AT)


async def test_a_refund_to_the_purse(card_holder: Customer) -> None:
    await give_gift_card(card_holder.database, card_holder.user_id, 500, STARTED_AT)
    state = await card_holder.start_with_card()
    [invoice] = await rows_of(card_holder, "invoices")
    assert await announced(card_holder) == (0, 0, 1_990)

    await refund_invoice(card_holder, invoice["id"])

    assert await announced(card_holder) == (500, 0, 1_490)
    await assert_announced_as_it_is(card_holder, state, IN_THE_PERIOD)


async def test_a_refund_of_a_surplus_that_is_refused(customer: Customer) -> None:
    opened = await customer.start()
    await customer.settle(await customer.report(opened.answer.payment_id, amount_cents=2_090))

    refund_id = await open_refund(customer, opened.answer.payment_id, 100)
    while_it_is_sent = await announced(customer)
    await send(customer, refund_id, Refusing())

    assert while_it_is_sent == (0, 0, 1_990)
    assert await announced(customer) == (0, 100, 1_890)


async def test_a_change_of_plan_takes_gives_back_and_credits(customer: Customer) -> None:
    await give_gift_card(customer.database, customer.user_id, 2_490, STARTED_AT)
    state = (await customer.start()).state
    assert await announced(customer) == (500, 0, 1_490)

    pending = (await customer.change_plan(state, "P1Y")).state
    assert await announced(customer) == (0, 0, 1_990), "what the open change holds is not there"
    dropped = (await customer.change_plan(pending, "P30D", command_id="back")).state
    assert await announced(customer) == (500, 0, 1_490)
    await assert_announced_as_it_is(customer, dropped, IN_THE_PERIOD)


async def test_what_a_change_credits(customer: Customer) -> None:
    await assert_announced_as_it_is(customer, await down(customer, await up_twice(customer)), LATER)

    assert await announced(customer) == (0, 1_990, 0)
