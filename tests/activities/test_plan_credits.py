"""What a change of plan credits to the balance is taken off the invoices that had paid for it."""

from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from db.queries.plan_credits import split_by_payers
from domain import parking
from domain.changing import When
from domain.payment import ReportedStatus
from domain.subscription import SubscriptionState
from tests.activities.customer import A_DAY, IN_THE_PERIOD, PERIOD_END, STARTED_AT, Customer
from tests.activities.everything import rows_of
from tests.activities.plans import sell
from tests.activities.refunding import open_refund, refund_invoice, send
from tests.activities.tenders import purse_of
from tests.purse import give_gift_card

HALFWAY = STARTED_AT + (PERIOD_END - STARTED_AT) / 2
LATER = HALFWAY + A_DAY
DEAR_CENTS, DEAREST_CENTS = 3_990, 9_990


async def down(customer: Customer, state: SubscriptionState) -> SubscriptionState:
    return (await customer.change_plan(state, "P30D", LATER, when=When.NOW, command_id="down")).state


async def up_twice(customer: Customer) -> SubscriptionState:
    """Half of the dear plan's time has paid 1,995 of the dearest one's 4,995."""
    plans = [await sell(customer.database, period_iso="P30D", price_cents=DEAR_CENTS)]
    plans.append(await sell(customer.database, period_iso="P30D", price_cents=DEAREST_CENTS))
    first = await customer.start_and_pay(plans[0])
    opened = (await customer.change_plan(first, plans[1], HALFWAY, command_id="up")).state
    assert opened.attempt is not None
    return await customer.settle(await customer.report(opened.attempt.payment_id), at=HALFWAY)


async def invoice_ids(customer: Customer) -> list[int]:
    return [invoice["id"] for invoice in await rows_of(customer, "invoices")]


async def plan_notes(customer: Customer) -> list[tuple[Any, ...]]:
    names = ("invoice_id", "reason", "balance_cents", "net_cents", "vat_cents")
    return [tuple(note[name] for name in names) for note in await rows_of(customer, "credit_notes")]


async def test_it_is_of_the_newest_invoices_and_does_not_go_back_once_more(customer: Customer) -> None:
    state = await down(customer, await up_twice(customer))
    first, second, _ = await invoice_ids(customer)

    assert await plan_notes(customer) == [
        (second, "plan_change", 3_000, 2_459, 541),
        (first, "plan_change", 733, 601, 132),
    ]
    assert await purse_of(customer) == (3_733, [])
    with pytest.raises(ApplicationError, match="less than that is left"):
        await refund_invoice(customer, second, 1)
    with pytest.raises(ValueError, match="43 cents more are credited"):
        async with customer.database.read() as connection:
            await split_by_payers(connection, state.subscription_id, 3_300)
    refund_id = await refund_invoice(customer, first)
    assert refund_id is not None
    await send(customer, refund_id)
    assert (await plan_notes(customer))[2:] == [(first, "staff", 0, 2_669, 588)]


async def test_what_was_refunded_of_an_earlier_invoice_is_not_credited(customer: Customer) -> None:
    """The dear plan's time has paid for a part of the dearest one's: that part is the customer's already."""
    state = await up_twice(customer)
    first, second = await invoice_ids(customer)
    await refund_invoice(customer, first)

    await down(customer, state)

    assert await plan_notes(customer) == [(second, "plan_change", 2_071, 1_698, 373)]
    assert await purse_of(customer) == (2_071, [])


async def test_what_was_charged_back_is_not_credited(customer: Customer) -> None:
    code = await sell(customer.database, period_iso="P30D", price_cents=DEAR_CENTS)
    state = await customer.start_and_pay(code)
    [payment] = await rows_of(customer, "payments")
    await customer.report(payment["id"], ReportedStatus.CHARGEBACK)
    await customer.settle_all(IN_THE_PERIOD)
    parked = await customer.load(state.subscription_id)
    state = (await customer.record(parking.unpark(parked, HALFWAY), at=HALFWAY)).state

    changing = await down(customer, state)

    assert changing.attempt is not None
    *_, asked = await rows_of(customer, "payments")
    assert asked["amount_cents"] == 929
    assert await plan_notes(customer) == []
    with pytest.raises(ApplicationError, match="less than that is left"):
        await open_refund(customer, payment["id"])


async def test_a_gift_card_gets_back_what_is_left_of_it(customer: Customer) -> None:
    code = await sell(customer.database, period_iso="P30D", price_cents=DEAR_CENTS)
    await give_gift_card(customer.database, customer.user_id, DEAR_CENTS, STARTED_AT)
    await down(customer, (await customer.start(code)).state)
    assert await purse_of(customer) == (933, [0])

    first, _ = await invoice_ids(customer)
    assert await refund_invoice(customer, first) is None

    assert await purse_of(customer) == (933, [3_057])
