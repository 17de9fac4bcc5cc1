"""Promo codes, gift cards, balances and refunds, two moves at a time: I5 to I8 hold after every pair."""

from collections import Counter
from collections.abc import AsyncIterator
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import select, update

from db.database import Database
from db.tables.promo_codes import PromoCode, PromoRedemption
from domain.subscription import SubscriptionState
from tests.activities.customer import Customer
from tests.conftest import FreshDatabaseUrl
from tests.db.rows import insert_row
from tests.races.market import publish_code
from tests.races.money_machine import DONE, MoneyMachine, look_for_violations
from tests.races.money_moves import BY_NAME
from tests.races.two_threads import Desk

FEWEST_WAITS = 20
SHORT = settings(
    max_examples=12,
    stateful_step_count=16,
    derandomize=True,  # the same moves in each run, and so many of them
    deadline=None,
    phases=[Phase.generate],  # an example is short enough to be read, and to shorten it would take minutes
    suppress_health_check=list(HealthCheck),  # a step is transactions on a real database, and looks at it
)


@pytest.fixture
async def desk(fresh_database_url: FreshDatabaseUrl) -> AsyncIterator[Desk]:
    """On a database of its own: all of it is looked at."""
    desk = Desk(await fresh_database_url())
    yield desk
    desk.close()


def test_whatever_two_do_at_once_the_books_hold(desk: Desk) -> None:
    happened: Counter[tuple[str, str]] = Counter()

    run_state_machine_as_test(lambda: MoneyMachine(desk, happened), settings=SHORT)  # type: ignore[arg-type] # a factory will do

    assert {name for name, answer in happened if answer == DONE} == set(BY_NAME)
    assert desk.waits >= FEWEST_WAITS


def test_who_counts_without_a_lock_is_found_out(desk: Desk) -> None:
    """The same race and the same look at the books."""
    code = desk.watch.does(partial(publish_code, redemptions=3))
    first, second = (desk.watch.does(start_without_a_code) for _ in range(2))

    desk.serves(partial(redeem_naively, code, first), partial(redeem_naively, code, second), head_start=1)

    with pytest.raises(AssertionError, match="a_promo_code_is_miscounted"):
        desk.watch.does(look_for_violations)


async def start_without_a_code(database: Database) -> SubscriptionState:
    return (await (await Customer.signup(database)).start()).state


async def redeem_naively(promo_code: str, start: SubscriptionState, database: Database) -> None:
    """Reads first, and writes later what it had read, and one more."""
    async with database.transaction() as connection:
        query = select(PromoCode.id, PromoCode.redemption_count).where(PromoCode.code == promo_code)
        code_id, count = (await connection.execute(query)).one()
        of = {"promo_code_id": code_id, "user_id": start.user_id, "subscription_id": start.subscription_id}
        await insert_row(connection, PromoRedemption, **of)
        counted = update(PromoCode).where(PromoCode.id == code_id).values(redemption_count=count + 1)
        await connection.execute(counted)
