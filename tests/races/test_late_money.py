"""Money meets the end of a subscription: it counts, or it goes back by itself."""

import asyncio

from domain.due import Step
from tests.at_rest import comes_to_rest
from tests.gates import Gates
from tests.lives import Life, World
from tests.races.commands import DONE, cancel, report
from tests.races.lives import at, begin_with_card, comes_near, waits_for_confirmation

SHIFTS = (-0.04, -0.02, -0.01, 0.0, 0.01, 0.02)
"""Seconds from the report to the cancellation, or from the expiry to the report."""


async def test_a_cancellation_and_the_payment_at_once(world: World, gates: Gates) -> None:
    async def race(shift: float) -> tuple[str, ...]:
        life = await Life.begin(world)
        begin = asyncio.get_running_loop().time() + 0.1

        async def pay() -> None:
            await at(begin)
            assert await report(life, life.payment_id) == DONE

        async def give_up() -> None:
            await at(begin + shift)
            assert await cancel(life, at_period_end=False) == DONE

        await asyncio.gather(pay(), give_up())
        state = await comes_to_rest(life)
        assert state.has_ended
        return tuple((await life.book()).timeline[1:])

    outcomes = await asyncio.gather(*(race(shift) for shift in SHIFTS))

    assert set(outcomes) <= {
        ("activated", "canceled"),
        ("canceled", "late_payment_received", "refund_opened", "refunded"),
    }


async def test_the_expiry_and_the_payment_at_once(world: World, gates: Gates) -> None:
    async def race(shift: float) -> tuple[str, ...]:
        life = await Life.begin(world)
        due_at = await comes_near(life, Step.EXPIRE)
        await at(due_at + shift)
        assert await report(life, life.payment_id) == DONE
        await comes_to_rest(life)
        return tuple((await life.book()).timeline[1:])

    outcomes = await asyncio.gather(*(race(shift) for shift in SHIFTS))

    assert set(outcomes) <= {
        ("activated",),
        ("expired", "late_payment_received", "refund_opened", "refunded"),
    }


async def test_a_charge_confirmed_after_the_cancellation_goes_back(world: World, gates: Gates) -> None:
    """Between the cancellation and the word to the provider, the customer confirms after all."""
    psp = world.stack.psp
    life = await begin_with_card(world, "tok_3ds", becomes="incomplete")
    charge = await waits_for_confirmation(life)
    gate = gates.close("withdraw_payment", life.workflow_id)

    assert await cancel(life, at_period_end=False) == DONE

    await gate.is_reached()
    await psp.complete_action(charge["id"], "succeeded")
    gate.open()
    await comes_to_rest(life)
    assert (await life.book()).timeline == [
        "opened",
        "payment_pending",
        "canceled",
        "late_payment_received",
        "refund_opened",
        "refunded",
    ]
    [returned] = await psp.charges(life.subscription_id)
    assert returned["refunded_cents"] == returned["amount_cents"]
