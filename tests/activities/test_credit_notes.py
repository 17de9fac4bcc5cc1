"""Credit notes are numbered without gaps."""

import pytest
from temporalio.exceptions import ApplicationError

from tests.activities.customer import STARTED_AT, Customer
from tests.activities.everything import rows_of
from tests.activities.refunding import refund_invoice
from tests.purse import give_gift_card


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
