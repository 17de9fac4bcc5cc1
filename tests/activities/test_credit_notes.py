"""Credit notes: numbered without gaps, and what a change of plan credits is one too."""

import pytest
from temporalio.exceptions import ApplicationError

from activities.correcting import note_plan_credit
from domain.correction import NetAndVat
from tests.activities.customer import IN_THE_PERIOD, STARTED_AT, Customer
from tests.activities.everything import rows_of
from tests.activities.refunding import refund_invoice, send
from tests.purse import give_gift_card


async def test_what_a_change_of_plan_credits_is_of_the_newest_invoices_and_goes_back_no_more(
    customer: Customer,
) -> None:
    paid = await customer.start_and_pay()
    billed = await customer.open_period(paid, paid.period.end)
    assert billed.attempt is not None
    await customer.settle(await customer.report(billed.attempt.payment_id), at=paid.period.end)
    first, second = await rows_of(customer, "invoices")

    async with customer.database.transaction() as connection:
        credited = await note_plan_credit(
            connection, paid.subscription_id, 2_500, IN_THE_PERIOD, key="invoice:1:credited"
        )
    with pytest.raises(ValueError, match="4 cents more than was paid"):
        async with customer.database.transaction() as connection:
            await note_plan_credit(connection, paid.subscription_id, 1_484, IN_THE_PERIOD, key="again")

    notes = await rows_of(customer, "credit_notes")
    assert [(note["invoice_id"], note["balance_cents"], note["reason"]) for note in notes] == [
        (second["id"], 1_990, "plan_change"),
        (first["id"], 510, "plan_change"),
    ]
    assert credited == NetAndVat(1_631 + 418, 359 + 92)
    with pytest.raises(ApplicationError, match="less than that is left"):
        await refund_invoice(customer, second["id"], 1)
    refund_id = await refund_invoice(customer, first["id"])
    assert refund_id is not None
    await send(customer, refund_id)
    assert [note["amount_cents"] for note in await rows_of(customer, "credit_notes")] == [1_990, 510, 1_480]


async def test_numbers_of_credit_notes_have_no_gaps(customer: Customer) -> None:
    await give_gift_card(customer.database, customer.user_id, 1_990, STARTED_AT)
    await customer.start()
    [invoice] = await rows_of(customer, "invoices")
    await refund_invoice(customer, invoice["id"], 1, "one")
    for key in ("too much", "far too much"):
        with pytest.raises(ApplicationError):
            await refund_invoice(customer, invoice["id"], 1_990, key)
    await refund_invoice(customer, invoice["id"], 2, "two")

    first, second = [note["number"] for note in await rows_of(customer, "credit_notes")]
    assert first.startswith("NC-2026-")
    assert second == f"NC-2026-{int(first[8:]) + 1:06}"
