from collections.abc import AsyncIterator

import pytest

from db.database import Database
from tests.activities.customer import Customer
from tests.activities.ledger_check import assert_books_are_true
from tests.conftest import FreshDatabaseUrl
from tests.stack import settings_for


@pytest.fixture(scope="session")
async def database(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[Database]:
    """One without a relay: the shared stack's would deliver the reports that a test here keeps back."""
    database = Database.from_settings(settings_for(await fresh_database_url()))
    yield database
    await database.close()


@pytest.fixture
async def customer(database: Database) -> AsyncIterator[Customer]:
    """A user nobody else uses, whose books are checked in the end."""
    customer = await Customer.signup(database)
    yield customer
    await assert_books_are_true(customer)
