"""The product and a model of its rules agree, whatever is asked in whatever order.

By hand for longer: `make test ARGS="tests/model --hypothesis-profile=long"`.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.client import Student
from tests.lives import World
from tests.model.machine import CATALOGUE, Lives, Stage
from tests.model.product import Product, on_sale


@pytest.fixture
async def stage(world: World, admin: Student) -> AsyncIterator[Stage]:
    async with on_sale(admin, CATALOGUE) as plans:
        yield Stage(Product(world, admin), plans, asyncio.get_running_loop())


async def play(stage: Stage, how: settings) -> None:
    """In a thread of its own: every step waits for the loop, on which the product is asked."""
    try:
        await asyncio.to_thread(run_state_machine_as_test, lambda: Lives(stage), settings=how)  # type: ignore[arg-type]
    finally:
        print(stage.happened)


IS_LONG = settings.get_current_profile_name() == "long"
LIVES = settings(
    max_examples=1_000 if IS_LONG else 2,
    stateful_step_count=50 if IS_LONG else 16,
    deadline=None,
    database=None,
    print_blob=True,
    phases=[Phase.generate],  # to shorten what failed would take hours on a real system
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.skipif(IS_LONG, reason="the long run goes on to what nobody has seen")
async def test_always_the_same_lives(stage: Stage) -> None:
    await play(stage, settings(LIVES, derandomize=True))


@pytest.mark.timeout(0 if IS_LONG else 240)
async def test_other_lives_each_time(stage: Stage) -> None:
    await play(stage, LIVES)
