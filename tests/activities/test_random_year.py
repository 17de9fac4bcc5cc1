"""A random year of two dozen customers: afterwards every book agrees with every other, to the cent.

By hand as many subscription-years as are asked for, calmer ones: most of their periods are renewed.

`make test ARGS="tests/activities/test_random_year.py --years=1000 -n 2 -rP -v --capture=sys"`

In ten parts, each with books of its own. A part that was interrupted is lived again by its name: `-k part-7`.
"""

import sys
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

CUSTOMERS = 24
PARTS = 10
RENEWED = ("renewed", "recovered", "renewal_paid_ahead", "reactivated")

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


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "lives" not in metafunc.fixturenames:
        return
    years: int | None = metafunc.config.getoption("--years")
    if years is None:
        by_hand = pytest.mark.skip("by hand, with --years")
        metafunc.parametrize("lives", [pytest.param(range(0), marks=by_hand)])
    else:
        numbers = range(years)
        parts = [numbers[years * part // PARTS : years * (part + 1) // PARTS] for part in range(PARTS)]
        metafunc.parametrize("lives", parts, ids=[f"part-{part}" for part in range(PARTS)])


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


async def test_after_a_random_year_all_books_agree(database: Database, psp: SandboxPsp) -> None:
    customers = await live_a_year(database, psp, range(CUSTOMERS))

    assert set(await check_all_books(database, psp, customers)) >= HAPPENED


@pytest.mark.timeout(0)
async def test_after_so_many_years_all_books_agree(database: Database, psp: SandboxPsp, lives: range) -> None:
    """A subscription-year is one customer's: of one subscription, or of several that follow on each other."""
    began = time.perf_counter()
    still = list(lives)

    def tell() -> None:
        still.pop()
        if len(still) % 10 == 0:
            print(f"{lives}: {len(still)} to be lived", file=sys.__stderr__)

    customers = await live_a_year(database, psp, lives, are_calm=True, when_lived=tell)
    lived = time.perf_counter()
    happened = await check_all_books(database, psp, customers)

    renewals = sum(happened[event] for event in RENEWED)
    took, looked = lived - began, time.perf_counter() - lived
    print(f"{len(lives)} subscription-years in {took:.0f} s, looked at in {looked:.0f} s")  # noqa: T201
    print(f"{renewals} renewals, {renewals / took:.1f} a second; {dict(happened)}")  # noqa: T201
    assert renewals
