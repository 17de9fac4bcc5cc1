"""What can go back of an invoice after a chargeback: card, gift cards, balance and bank never exceed it."""

from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from db.queries import refundable
from domain.changing import When
from domain.correction import Paid
from domain.payment import ReportedStatus
from domain.refund import RefundStatus
from tests.activities.customer import IN_THE_PERIOD, PERIOD_END, STARTED_AT, Customer
from tests.activities.everything import rows_of
from tests.activities.ledger_check import violations_of_books
from tests.activities.plans import sell
from tests.activities.refunding import open_refund, refund_invoice, send
from tests.activities.tenders import purse_of
from tests.purse import give_gift_card

HALFWAY = STARTED_AT + (PERIOD_END - STARTED_AT) / 2
DEAR_CENTS, GIFT_CENTS, CREDITED_CENTS = 3_990, 1_000, 1_000


async def credited(customer: Customer, gift_cents: int) -> tuple[int, int]:
    """The dear plan, whose other half the balance has got back. Its invoice and payment."""
    code = await sell(customer.database, period_iso="P30D", price_cents=DEAR_CENTS)
    if gift_cents:
        await give_gift_card(customer.database, customer.user_id, gift_cents, STARTED_AT)
    await customer.change_plan(await customer.start_and_pay(code), "P30D", HALFWAY, when=When.NOW)
    assert (await purse_of(customer))[0] == CREDITED_CENTS
    invoice, _ = await rows_of(customer, "invoices")
    [payment] = await rows_of(customer, "payments")
    return invoice["id"], payment["id"]


async def charge_back(customer: Customer, payment_id: int, amount_cents: int | None = None) -> None:
    await customer.report(payment_id, ReportedStatus.CHARGEBACK, amount_cents=amount_cents)
    await customer.settle_all(IN_THE_PERIOD)


async def left_of(customer: Customer, invoice_id: int) -> Paid:
    """All books agree, and say so much."""
    assert await violations_of_books(customer.database) == {}
    async with customer.database.read() as connection:
        return (await refundable.load_invoice(connection, invoice_id)).left


async def went_back(customer: Customer) -> dict[str, list[Any]]:
    return {
        "notes": [(note["reason"], note["amount_cents"]) for note in await rows_of(customer, "credit_notes")],
        "refunds": [(row["status"], row["amount_cents"]) for row in await rows_of(customer, "refunds")],
        "disputes": [row["amount_cents"] for row in await rows_of(customer, "disputes")],
    }


async def test_what_was_credited_before_does_not_go_back_to_the_gift_card(customer: Customer) -> None:
    invoice_id, payment_id = await credited(customer, GIFT_CENTS)
    await charge_back(customer, payment_id)

    assert await left_of(customer, invoice_id) == Paid()
    with pytest.raises(ApplicationError, match="less than that is left"):
        await refund_invoice(customer, invoice_id)
    assert await purse_of(customer) == (CREDITED_CENTS, [0])
    assert await went_back(customer) == {
        "notes": [("plan_change", CREDITED_CENTS)],
        "refunds": [],
        "disputes": [DEAR_CENTS - GIFT_CENTS],
    }


async def test_what_the_bank_left_goes_back_as_far_as_it_was_paid(customer: Customer) -> None:
    """39.90 are 10.00 in the balance, 15.00 at the bank, 14.90 for the card: none for the gift card."""
    invoice_id, payment_id = await credited(customer, GIFT_CENTS)
    await charge_back(customer, payment_id, 1_500)
    assert await left_of(customer, invoice_id) == Paid(1_490)

    refund_id = await refund_invoice(customer, invoice_id)

    assert refund_id is not None
    assert await send(customer, refund_id) is RefundStatus.SUCCEEDED
    assert await left_of(customer, invoice_id) == Paid()
    assert await purse_of(customer) == (CREDITED_CENTS, [0])
    assert await went_back(customer) == {
        "notes": [("plan_change", CREDITED_CENTS), ("staff", 1_490)],
        "refunds": [("succeeded", 1_490)],
        "disputes": [1_500],
    }


async def test_a_gift_card_gets_back_what_a_chargeback_left_of_it(customer: Customer) -> None:
    code = await sell(customer.database, period_iso="P30D", price_cents=DEAR_CENTS)
    await give_gift_card(customer.database, customer.user_id, GIFT_CENTS, STARTED_AT)
    await customer.start_and_pay(code)
    [invoice], [payment] = await rows_of(customer, "invoices"), await rows_of(customer, "payments")
    await charge_back(customer, payment["id"])

    assert (await left_of(customer, invoice["id"])).total_cents == GIFT_CENTS
    assert await refund_invoice(customer, invoice["id"]) is None

    assert await left_of(customer, invoice["id"]) == Paid()
    cards = await rows_of(customer, "gift_cards")
    assert [card["balance_cents"] for card in cards] == [GIFT_CENTS]


async def test_a_refund_that_was_on_its_way_is_settled_beside_it(customer: Customer) -> None:
    """The bank takes what had been credited, too: that is a fact, and so is what the card has got."""
    invoice_id, payment_id = await credited(customer, 0)
    refund_id = await open_refund(customer, payment_id, 500)
    await charge_back(customer, payment_id)

    assert await left_of(customer, invoice_id) == Paid()
    assert await send(customer, refund_id) is RefundStatus.SUCCEEDED

    assert await left_of(customer, invoice_id) == Paid()
    assert await went_back(customer) == {
        "notes": [("plan_change", CREDITED_CENTS), ("staff", 500)],
        "refunds": [("succeeded", 500)],
        "disputes": [DEAR_CENTS - 500],
    }


async def test_a_chargeback_after_a_refund_takes_what_that_left(customer: Customer) -> None:
    invoice_id, payment_id = await credited(customer, GIFT_CENTS)
    refund_id = await refund_invoice(customer, invoice_id, 1_990)
    assert refund_id is not None
    await send(customer, refund_id)
    await charge_back(customer, payment_id, DEAR_CENTS)

    assert await left_of(customer, invoice_id) == Paid()
    with pytest.raises(ApplicationError, match="less than that is left"):
        await refund_invoice(customer, invoice_id, 1, "again")
    assert await went_back(customer) == {
        "notes": [("plan_change", CREDITED_CENTS), ("staff", 1_990)],
        "refunds": [("succeeded", 1_990)],
        "disputes": [1_000],
    }
