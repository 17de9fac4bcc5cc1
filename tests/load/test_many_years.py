"""As many subscription-years as are asked for, calmer ones than the random year's: most periods are renewed.

`make test ARGS="tests/load/test_many_years.py -s --years=1000"`
"""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from db.database import Database
from tests.activities.many_lives import check_all_books, live_a_year
from tests.activities.silent_psp import silent_psp
from tests.conftest import FreshDatabaseUrl
from tests.psp import SandboxPsp
from tests.stack import settings_for

RENEWED = ("renewed", "recovered", "renewal_paid_ahead", "reactivated")


@pytest.fixture
async def database(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[Database]:
    """One of its own: all of it is looked at."""
    database = Database.from_settings(settings_for(await fresh_database_url()))
    yield database
    await database.close()


@pytest.fixture
async def psp(tmp_path: Path) -> AsyncIterator[SandboxPsp]:
    async with silent_psp(tmp_path) as psp:
        yield psp


@pytest.fixture
def years(request: pytest.FixtureRequest) -> int:
    asked: int | None = request.config.getoption("--years")
    if asked is None:
        pytest.skip("by hand, with --years; tests/activities/test_random_year.py lives two dozen")
    return asked


@pytest.mark.timeout(0)
async def test_after_so_many_years_all_books_agree(database: Database, psp: SandboxPsp, years: int) -> None:
    """A subscription-year is one customer's: of one subscription, or of several that follow on each other."""
    began = time.perf_counter()
    customers = await live_a_year(database, psp, years, are_calm=True)
    lived = time.perf_counter()
    happened = await check_all_books(database, psp, customers)

    renewals = sum(happened[event] for event in RENEWED)
    took, looked = lived - began, time.perf_counter() - lived
    print(f"\n{years} subscription-years in {took:.0f} s, looked at in {looked:.0f} s")  # noqa: T201 - for who waits
    print(f"{renewals} renewals, {renewals / took:.1f} a second; {dict(happened)}")  # noqa: T201
    assert renewals
