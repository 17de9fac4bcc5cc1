"""A random year of two dozen customers: afterwards every book agrees with every other, to the cent."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.database import Database
from tests.activities.many_lives import check_all_books, live_a_year
from tests.activities.silent_psp import silent_psp
from tests.conftest import FreshDatabaseUrl
from tests.psp import SandboxPsp
from tests.stack import settings_for

CUSTOMERS = 24

HAPPENED = {
    "activated",
    "renewed",
    "fell_due",
    "payment_declined",
    "frozen",
    "unfrozen",
    "cancel_scheduled",
    "canceled",
    "expired",
    "refunded",
    "charged_back",
    "parked",
    "unparked",
    "plan_changed",
    "plan_change_scheduled",
    "gift_redeemed",
}
"""What the year has to bring for its books to say something."""


@pytest.fixture
async def database(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[Database]:
    """One of its own: all of it is looked at."""
    database = Database.from_settings(settings_for(await fresh_database_url()))
    yield database
    await database.close()


@pytest.fixture
async def psp(tmp_path: Path) -> AsyncIterator[SandboxPsp]:
    """One of its own, too: the keys of its charges are of that database's invoices."""
    async with silent_psp(tmp_path) as psp:
        yield psp


@pytest.mark.timeout(300)  # a year is long on a machine that has other things to do
async def test_after_a_random_year_all_books_agree(database: Database, psp: SandboxPsp) -> None:
    customers = await live_a_year(database, psp, range(CUSTOMERS))

    assert set(await check_all_books(database, psp, customers)) >= HAPPENED
