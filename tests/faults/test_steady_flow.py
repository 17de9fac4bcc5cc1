"""Under a steady flow of webhooks everything is killed in turn: what was answered 200 has its effect."""

import os
import random

from tests.conftest import FreshStack
from tests.faults.fragile_world import IMPATIENT, fragile_world_of
from tests.faults.journeys import customers_of
from tests.faults.killings import killings, strike
from tests.faults.settled import everything_is_settled
from tests.faults.steady_flow import Flow

SEED = int(os.environ.get("STEADY_FLOW_SEED", "1"))


async def test_everything_is_killed_in_turn_and_the_books_agree(fresh_stack: FreshStack) -> None:
    stack = await fresh_stack(**IMPATIENT)
    dice = random.Random(SEED)  # noqa: S311 - the same flow once more for the same seed
    async with fragile_world_of(stack) as world:
        flow = Flow(world, dice)
        async with customers_of(flow) as customers:
            for killing in dice.sample(killings(stack), k=4):
                await strike(killing, flow, customers)
            lives = await customers.close_the_doors()

        await everything_is_settled(flow, lives)
