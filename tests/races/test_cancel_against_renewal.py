"""A cancellation meets a renewal at every step of it: it wins until the charge is sent, and not after."""

import asyncio

import pytest

from domain.due import Step
from tests.at_rest import comes_to_rest, state_of
from tests.gates import Gates
from tests.lives import Life, World
from tests.races.commands import DONE, cancel
from tests.races.lives import at, begin_with_card, comes_near, token_of

SHIFTS = (-0.06, -0.03, -0.01, 0.0, 0.01, 0.02, 0.04, 0.08)
"""Seconds from the due date to the cancellation."""


async def held_race(world: World, gates: Gates, step: str, *, at_period_end: bool) -> tuple[list[str], bool]:
    """What happened once the renewal was opened, and whether the row said that a charge was under way."""
    life = await begin_with_card(world)
    gate = gates.close(step, life.workflow_id)
    await comes_near(life, Step.RENEW)
    await gate.is_reached()

    assert await cancel(life, at_period_end=at_period_end) == DONE

    was_charging = (await state_of(life)).is_charging
    gate.open()
    await comes_to_rest(life)
    return await since_the_renewal(life), was_charging


async def since_the_renewal(life: Life) -> list[str]:
    timeline = (await life.book()).timeline
    return timeline[timeline.index("renewal_opened") + 1 :]


async def test_it_wins_until_the_charge_is_sent_and_not_after(world: World, gates: Gates) -> None:
    steps = ("collect_payment", "charge", "charge_answered", "collect_payment_done")

    at_the_end = await asyncio.gather(*(held_race(world, gates, step, at_period_end=True) for step in steps))
    at_once = await asyncio.gather(*(held_race(world, gates, step, at_period_end=False) for step in steps))

    assert at_the_end == [
        (["cancel_scheduled", "ended"], False),
        (["cancel_scheduled", "renewed"], True),
        (["cancel_scheduled", "renewed"], True),
        (["renewed", "cancel_scheduled"], False),
    ]
    assert at_once == [
        (["canceled"], False),
        (["canceled", "charge_stood"], True),
        (["canceled", "charge_stood"], True),
        (["renewed", "canceled"], False),
    ]


@pytest.mark.parametrize(
    ("at_period_end", "told"),
    [
        (True, ["cancel_scheduled", "payment_given_up", "ended"]),
        (False, ["canceled", "payment_given_up"]),
    ],
)
async def test_what_never_reached_its_provider_is_not_charged_when_that_is_back(
    world: World, gates: Gates, told: list[str], *, at_period_end: bool
) -> None:
    """The provider refuses the charge, the cancellation is accepted, the provider is back for the retry."""
    life = await begin_with_card(world)
    token = await token_of(life)
    await world.stack.psp.behave(token, "tok_down")
    gate = gates.close("charge", life.workflow_id)
    await comes_near(life, Step.RENEW)
    await gate.is_reached()
    before_the_retry = gates.close("collect_payment", life.workflow_id)
    gate.open()
    await before_the_retry.is_reached()

    assert await cancel(life, at_period_end=at_period_end) == DONE

    await world.stack.psp.behave(token, "tok_ok")
    before_the_retry.open()
    state = await comes_to_rest(life)
    assert await since_the_renewal(life) == told
    assert (state.open_invoice, state.attempt) == (None, None)
    assert len(await world.stack.psp.charges(life.subscription_id)) == 1, "that of the start"


@pytest.mark.parametrize("at_period_end", [True, False])
async def test_around_the_due_date_one_of_both_is_first(
    world: World, gates: Gates, *, at_period_end: bool
) -> None:
    async def race(shift: float) -> tuple[int, int]:
        life = await begin_with_card(world)
        due_at = await comes_near(life, Step.RENEW)
        await at(due_at + shift)
        assert await cancel(life, at_period_end=at_period_end) == DONE
        state = await comes_to_rest(life)
        assert state.cancel_at_period_end or state.has_ended
        charges = await world.stack.psp.charges(life.subscription_id)
        return (await life.book()).invoices.count("paid"), len(charges)

    outcomes = await asyncio.gather(*(race(shift) for shift in SHIFTS))

    assert set(outcomes) <= {(1, 1), (2, 2)}, "what was charged for is what was paid"
