from collections.abc import AsyncIterator

import pytest

from db.database import Database
from tests.activities.customer import Customer
from tests.activities.ledger_check import assert_books_are_true


@pytest.fixture
async def customer(database: Database) -> AsyncIterator[Customer]:
    """A user nobody else uses, whose books are checked in the end."""
    customer = await Customer.signup(database)
    yield customer
    await assert_books_are_true(customer)
