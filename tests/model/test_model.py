"""The product and a model of its rules agree, whatever is asked in whatever order.

By hand, other lives each time: `make test ARGS="tests/model --hypothesis-profile=long"`; a run says by which
`--hypothesis-seed` it is played again.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.client import Student
from tests.lives import World
from tests.model.catalogue import CATALOGUE
from tests.model.machine import Lives
from tests.model.product import Product, on_sale
from tests.model.steps import Stage

IS_LONG = settings.get_current_profile_name() == "long"
LIVES = settings(
    max_examples=3 if IS_LONG else 2,
    stateful_step_count=30 if IS_LONG else 16,
    derandomize=not IS_LONG,
    deadline=None,
    database=None,
    print_blob=True,
    phases=[Phase.generate],  # to shorten what failed would take hours on a real system
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
async def stage(world: World, admin: Student) -> AsyncIterator[Stage]:
    async with on_sale(admin, CATALOGUE) as plans:
        yield Stage(Product(world, admin), plans, asyncio.get_running_loop())


@pytest.mark.timeout(0 if IS_LONG else 480)  # many steps, each asked of everything, on a busy machine
async def test_lives_go_as_the_model_says(stage: Stage) -> None:
    """In a thread of its own: every step waits for the loop, on which the product is asked."""
    await asyncio.to_thread(run_state_machine_as_test, lambda: Lives(stage), settings=LIVES)  # type: ignore[arg-type]


@pytest.mark.timeout(480)
async def test_a_withdrawal_takes_the_credit_of_a_change_of_plan_out_of_the_balance(stage: Stage) -> None:
    """Chance seldom leads there: a year is changed for a month, whose renewal is not there yet."""

    def play() -> None:
        lives = Lives(stage)
        lives.open("YEAR", "ok", None, is_paid=True)
        lives.time_passes(0, 80)
        lives.change_plan(0, "MONTH", "now")
        assert lives.people[0].purse.balance > 0
        lives.they_agree()
        lives.withdraw(0)
        assert lives.people[0].purse.balance == 0
        lives.they_agree()

    await asyncio.to_thread(play)
