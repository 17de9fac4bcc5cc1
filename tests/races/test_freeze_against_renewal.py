"""A freeze meets a renewal: the paid time moves, or the renewal goes first; never both at once."""

import asyncio

from domain.due import Step
from domain.subscription import Status
from tests.at_rest import comes_to_rest
from tests.gates import Gates
from tests.lives import World
from tests.races.commands import DONE, freeze, unfreeze
from tests.races.lives import at, begin_with_card, comes_near

SHIFTS = (-0.12, -0.06, -0.03, -0.01, 0.0, 0.02, 0.05, 0.1)
"""Seconds from the due date to the freeze."""


async def test_around_the_due_date_one_of_both_is_first(world: World, gates: Gates) -> None:
    async def race(shift: float) -> tuple[str, Status, int]:
        life = await begin_with_card(world)
        due_at = await comes_near(life, Step.RENEW)
        await at(due_at + shift)
        answer = await freeze(life)
        frozen = await comes_to_rest(life)
        if answer == DONE:
            assert await unfreeze(life) == DONE
            await comes_to_rest(life)
        return answer, frozen.status, len(await world.stack.psp.charges(life.subscription_id))

    outcomes = await asyncio.gather(*(race(shift) for shift in SHIFTS))

    assert set(outcomes) <= {
        (DONE, Status.FROZEN, 1),
        (DONE, Status.FROZEN, 2),
        ("freeze_only_from_active", Status.ACTIVE, 2),
    }
