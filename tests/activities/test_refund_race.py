"""Many refunds of one invoice at once, over all that has paid it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.exc import OperationalError
from temporalio.exceptions import ApplicationError

from db.database import Database
from tests.activities.customer import Customer
from tests.activities.everything import rows_of
from tests.activities.ledger_check import assert_books_are_true
from tests.activities.refunding import refund_invoice
from tests.activities.tenders import BALANCE, CARD, paid_by_all, purse_of
from tests.conftest import FreshDatabaseUrl
from tests.stack import settings_for
from tests.wide_database import wide_database

RACERS = 50
OWED_TO_CUSTOMERS = """
    SELECT e.currency, (SELECT sum(balance_cents)::bigint FROM customer_balances b
        WHERE b.currency = e.currency) AS balances,
        -(sum(e.amount_cents) FILTER (WHERE e.account = 'customer_balance'))::bigint AS on_balances,
        (SELECT sum(balance_cents)::bigint FROM gift_cards c WHERE c.currency = e.currency) AS cards,
        -(sum(e.amount_cents) FILTER (WHERE e.account = 'gift_card_liability'))::bigint AS on_cards
    FROM ledger_entries e GROUP BY e.currency
"""
"""What balances and gift cards hold, and what the ledger says of them: of all users."""


@pytest.fixture
async def wide(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[Database]:
    async with wide_database(settings_for(await fresh_database_url()), RACERS) as wide:
        yield wide


async def test_fifty_at_once_give_back_no_more_than_was_paid(wide: Database) -> None:
    """Each takes 45 of 1,990: forty-four get it, of whatever tender is next."""
    customer = await Customer.signup(wide)
    _, invoice_id = await paid_by_all(customer)
    gate = asyncio.Barrier(RACERS)

    async def give_back(number: int) -> bool:
        await gate.wait()
        while True:
            try:
                await refund_invoice(customer, invoice_id, 45, f"racer-{number}")
            except OperationalError:  # it waited too long for the others, and is called again
                continue
            except ApplicationError as refused:
                return refused.type != "refund_exceeds_invoice"
            return True

    given = await asyncio.gather(*(give_back(number) for number in range(RACERS)))

    assert given.count(True) == 44
    opened = [refund["amount_cents"] for refund in await rows_of(customer, "refunds")]
    notes = await rows_of(customer, "credit_notes")
    assert (sum(opened), sum(note["amount_cents"] for note in notes)) == (CARD, 44 * 45 - CARD)
    balance, gifts = await purse_of(customer)
    assert (balance, sum(gifts)) == (BALANCE, 44 * 45 - CARD - BALANCE)
    numbers = sorted(int(note["number"][8:]) for note in notes)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    await assert_books_are_true(customer)
    assert await customer.rows(OWED_TO_CUSTOMERS) == [
        {
            "currency": "EUR",
            "balances": balance,
            "on_balances": balance,
            "cards": sum(gifts),
            "on_cards": sum(gifts),
        }
    ]
