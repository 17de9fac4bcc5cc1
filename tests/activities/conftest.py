from collections.abc import AsyncIterator

import pytest

from db.database import Database
from tests.activities.customer import Customer
from tests.activities.ledger_check import assert_books_are_true, assert_charges_are_booked
from tests.activities.silent_psp import silent_psp
from tests.conftest import FreshDatabaseUrl
from tests.psp import SandboxPsp
from tests.stack import settings_for


@pytest.fixture(scope="session")
async def database(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[Database]:
    """One without a relay: the shared stack's would deliver the reports that a test here keeps back."""
    database = Database.from_settings(settings_for(await fresh_database_url()))
    yield database
    await database.close()


@pytest.fixture(scope="session")
async def psp(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SandboxPsp]:
    async with silent_psp(tmp_path_factory.mktemp("psp")) as psp:
        yield psp


@pytest.fixture
async def customer(database: Database) -> AsyncIterator[Customer]:
    """A user nobody else uses, whose books are checked in the end."""
    customer = await Customer.signup(database)
    yield customer
    await assert_books_are_true(customer)


@pytest.fixture
async def card_holder(database: Database, psp: SandboxPsp) -> AsyncIterator[Customer]:
    """A customer who can pay by card, and never for nothing: what was charged is in the books."""
    customer = await Customer.signup(database, psp)
    yield customer
    await assert_books_are_true(customer)
    await assert_charges_are_booked(customer)
