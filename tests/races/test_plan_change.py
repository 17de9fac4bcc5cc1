"""A change of plan meets a renewal, a cancellation, another change and the reports of its payment."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from domain.due import Step
from tests.at_rest import comes_to_rest, state_of
from tests.client import Student
from tests.gates import Gates
from tests.lives import Life, World
from tests.plans import plan_on_sale
from tests.races.commands import DONE, cancel, command, freeze, report
from tests.races.lives import at, begin_with_card, comes_near

SHIFTS = (-0.06, -0.02, 0.0, 0.02, 0.06)
"""Seconds from the due date to the change."""

Throw = Callable[[Life], Awaitable[str]]


@pytest.fixture
async def dear(admin: Student) -> AsyncIterator[str]:
    async with plan_on_sale(admin, "P30D", price_cents=3_990) as code:
        yield code


async def change(life: Life, plan_code: str, when: str | None = None) -> str:
    return await command(life, "change-plan", {"plan_code": plan_code, "when": when})


async def since_the_change(life: Life) -> list[str]:
    timeline = (await life.book()).timeline
    return timeline[timeline.index("plan_change_opened") + 1 :]


async def held_race(
    world: World, gates: Gates, step: str, plan_code: str, throw: Throw
) -> tuple[str, list[str], str]:
    """What was answered while the change was held at a step, what happened then, and on which plan it is."""
    life = await begin_with_card(world)
    gate = gates.close(step, life.workflow_id)
    changing = asyncio.create_task(change(life, plan_code))
    await gate.is_reached()
    answer = await throw(life)
    gate.open()
    await changing
    state = await comes_to_rest(life)
    return answer, await since_the_change(life), state.plan.code


async def test_a_cancellation_wins_until_the_charge_is_sent_and_not_after(
    world: World, gates: Gates, dear: str
) -> None:
    async def at_the_end(life: Life) -> str:
        return await cancel(life, at_period_end=True)

    async def at_once(life: Life) -> str:
        return await cancel(life, at_period_end=False)

    steps = ("collect_payment", "charge", "charge_answered", "collect_payment_done")
    later = await asyncio.gather(*(held_race(world, gates, step, dear, at_the_end) for step in steps))
    now = await asyncio.gather(*(held_race(world, gates, step, dear, at_once) for step in steps))

    assert later == [
        (DONE, ["cancel_scheduled"], "P30D"),
        (DONE, ["cancel_scheduled", "plan_changed"], dear),
        (DONE, ["cancel_scheduled", "plan_changed"], dear),
        (DONE, ["plan_changed", "cancel_scheduled"], dear),
    ]
    assert now == [
        (DONE, ["canceled"], "P30D"),
        (DONE, ["canceled", "charge_stood"], "P30D"),
        (DONE, ["canceled", "charge_stood"], "P30D"),
        (DONE, ["plan_changed", "canceled"], dear),
    ]


async def test_what_else_is_asked_for_waits_for_a_charge_that_was_sent(
    world: World, gates: Gates, dear: str
) -> None:
    async def another(life: Life) -> str:
        return await change(life, "P1Y", "period_end")

    thrown = [
        await asyncio.gather(
            *(held_race(world, gates, step, dear, throw) for step in ("collect_payment", "charge"))
        )
        for throw in (another, freeze)
    ]

    assert thrown == [
        [
            (DONE, ["plan_change_scheduled"], "P30D"),
            ("payment_in_progress", ["plan_changed"], dear),
        ],
        [
            (DONE, ["frozen"], "P30D"),
            ("payment_in_progress", ["plan_changed"], dear),
        ],
    ]


async def test_around_the_due_date_of_a_renewal_one_of_both_is_first(
    world: World, gates: Gates, dear: str
) -> None:
    async def race(shift: float, when: str) -> tuple[str, str, int]:
        life = await begin_with_card(world)
        due_at = await comes_near(life, Step.RENEW)
        await at(due_at + shift)
        answer = await change(life, dear, when)
        state = await comes_to_rest(life)
        charges = await world.stack.psp.charges(life.subscription_id)
        return answer, state.plan.code, sum(charge["amount_cents"] for charge in charges)

    now = await asyncio.gather(*(race(shift, "now") for shift in SHIFTS))
    later = await asyncio.gather(*(race(shift, "period_end") for shift in SHIFTS))

    assert set(now) <= {
        (DONE, dear, 1_990 + 3_990),  # for the last moments of the period it cost nothing
        (DONE, dear, 1_990 + 1_990 + 2_000),  # renewed first
        ("payment_in_progress", "P30D", 1_990 + 1_990),
        ("plan_change_not_possible", "P30D", 1_990 + 1_990),  # the period was over
    }
    assert set(later) <= {
        (DONE, dear, 1_990 + 3_990),
        (DONE, "P30D", 1_990 + 1_990),  # renewed first: it follows on the new period
        ("payment_in_progress", "P30D", 1_990 + 1_990),
    }


async def test_two_changes_and_their_reports_at_once_end_in_one_of_the_orders(
    world: World, gates: Gates, dear: str
) -> None:
    """By hand: the first one's payment is reported while the second takes its place."""

    async def race() -> tuple[str, str, int]:
        life = await Life.begin(world)
        await life.pay()
        assert await change(life, dear) == DONE
        pending = (await state_of(life)).attempt
        assert pending is not None
        _, answer = await asyncio.gather(
            report(life, pending.payment_id, event_id=uuid.uuid4().hex), change(life, "P1Y", "now")
        )
        state = await comes_to_rest(life)
        kept = (await life.book()).balances.get("unapplied_cash", 0)
        return answer, state.plan.code, kept

    outcomes = await asyncio.gather(*(race() for _ in range(6)))

    assert set(outcomes) <= {
        (DONE, dear, 0),  # paid first, then changed again, which waits for its payment
        (DONE, "P30D", 0),  # replaced first: the money has gone back
    }
