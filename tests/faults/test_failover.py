"""The database's machine is gone, and its standby takes over: nothing that was answered is lost."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.fragile_world import IMPATIENT, fragile_world_of
from tests.faults.journeys import customers_of
from tests.faults.killings import Killing, are_served, strike
from tests.faults.mirrored_postgres import MirroredPostgres
from tests.faults.settled import everything_is_settled
from tests.faults.steady_flow import Flow
from tests.stack import PrivateStack


@pytest.fixture
async def postgres(tmp_path: Path) -> MirroredPostgres:
    return MirroredPostgres(tmp_path)


@pytest.fixture
async def stack(tmp_path: Path, postgres: MirroredPostgres) -> AsyncIterator[PrivateStack]:
    stack = PrivateStack(tmp_path / "stack", IMPATIENT, postgres=postgres)
    try:
        await stack.start()
        yield stack
    finally:
        await stack.stop()


async def test_nothing_that_was_answered_is_lost_with_the_primary(
    stack: PrivateStack, postgres: MirroredPostgres
) -> None:
    primary_dies = Killing(
        "primary", postgres.process, postgres.kill, postgres.standby.promote, "database_unavailable"
    )
    async with fragile_world_of(stack) as world:
        flow = Flow(world, random.Random(1))  # noqa: S311 - the same flow each time
        async with customers_of(flow) as customers:
            await strike(primary_dies, flow, customers)
            await are_served(customers)
            lives = await customers.close_the_doors()

        await everything_is_settled(flow, lives)
