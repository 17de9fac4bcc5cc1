"""The shapes of lives that go on after their first period. What a charge answers is not reported as well."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from tests.client import Student
from tests.deadline import eventually
from tests.lives import World
from tests.plans import plan_on_sale
from tests.scenarios.lived import A_MOMENT, Lived
from tests.staff import hire


@asynccontextmanager
async def paid_by_card(
    world: World, renewals: str = "tok_ok", plan: str = "P30D", **start: Any
) -> AsyncIterator[Lived]:
    """A first period paid by a good card; then the card that renewals are charged to. Ended by canceling."""
    # Whether a report or the answer comes first is a matter of milliseconds.
    async with world.stack.psp.muted():
        lived = await Lived.begin(world, await admin_of(world), plan, card="tok_ok", **start)
        await lived.until(lived.began_at + A_MOMENT)
        if renewals != "tok_ok":
            await lived.life.store_card(renewals)
        yield lived
        await lived.life.student.post(
            f"/subscriptions/{lived.life.subscription_id}/cancel", {"at_period_end": False}
        )
        await lived.life.closes()


async def admin_of(world: World) -> Student:
    return await hire(world.http, world.database, world.stack.settings, "admin")


async def renewed_by_card(world: World) -> str:
    async with paid_by_card(world) as lived:
        await lived.until_day(61)
    return lived.life.workflow_id


async def opened_ahead_and_paid(world: World) -> str:
    lived = await Lived.begin(world, await admin_of(world))
    await lived.pay_open_invoice()
    await lived.until_day(28)
    await lived.pay_open_invoice()
    await lived.until_day(31)
    await lived.life.post("cancel", {"at_period_end": False})
    await lived.life.closes()
    return lived.life.workflow_id


async def past_due_then_recovered(world: World) -> str:
    async with paid_by_card(world, "tok_decline_1_then_ok") as lived:
        await lived.until_day(33)
    return lived.life.workflow_id


async def past_due_then_given_up(world: World) -> str:
    async with paid_by_card(world, "tok_insufficient_funds") as lived:
        await lived.until_day(60)
    return lived.life.workflow_id


async def left_unpaid_then_reactivated(world: World) -> str:
    dunning = {"retry_days": [2], "final_action": "unpaid"}
    async with (
        plan_on_sale(await admin_of(world), "P30D", dunning=dunning) as plan,
        paid_by_card(world, "tok_insufficient_funds", plan) as lived,
    ):
        await lived.until_day(40)
        await lived.life.store_card("tok_ok")
        await lived.until(lived.own_now + A_MOMENT)
    return lived.life.workflow_id


async def declined_for_good_then_another_card(world: World) -> str:
    async with paid_by_card(world, "tok_stolen") as lived:
        await lived.until_day(33)
        await lived.life.store_card("tok_ok")
        await lived.until_day(34)
    return lived.life.workflow_id


async def frozen_and_unfrozen(world: World) -> str:
    async with paid_by_card(world) as lived:
        await lived.life.post("freeze")
        await lived.until_day(2)
        await lived.life.post("unfreeze")
        await lived.life.post("freeze")
        await lived.until_day(35)
        await lived.until_day(61)
    return lived.life.workflow_id


async def trial_then_paid(world: World) -> str:
    async with world.stack.psp.muted(), plan_on_sale(await admin_of(world), "P30D", trial_days=7) as plan:
        lived = await Lived.begin(world, await admin_of(world), plan, card="tok_ok")
        await lived.until_day(8)
        await lived.life.post("cancel", {"at_period_end": False})
        await lived.life.closes()
    return lived.life.workflow_id


async def confirmed_by_its_customer(world: World) -> str:
    """3-D Secure: the provider waits, then reports."""
    lived = await Lived.begin(world, await admin_of(world))
    await lived.pay_open_invoice()
    await lived.life.store_card("tok_3ds")
    await lived.until_day(30.01)
    charge, *_ = await world.stack.psp.charges(lived.life.subscription_id)
    await world.stack.psp.complete_action(charge["id"], "succeeded")
    await lived.until_day(30.02)
    await lived.life.post("cancel", {"at_period_end": False})
    await lived.life.closes()
    return lived.life.workflow_id


async def parked_and_unparked(world: World) -> str:
    async with paid_by_card(world, "tok_wrong_amount") as lived:
        await lived.until_day(31)
        path = f"/admin/subscriptions/{lived.life.subscription_id}/unpark"
        assert (await lived.admin.post(path, {"reason": "looked"})).is_success
        await lived.until_day(32)
    return lived.life.workflow_id


async def canceled_during_a_charge(world: World) -> str:
    """The provider is down when the cancellation comes, and back soon after: the charge stands."""
    async with paid_by_card(world, "tok_ok-down") as lived:
        await world.stack.psp.behave("tok_ok-down", "tok_down")
        turning = asyncio.create_task(lived.until_day(31))

        async def is_charging() -> Any:
            return (await lived.shown())["payment_in_progress"]

        await eventually(is_charging)
        await lived.life.student.post(
            f"/subscriptions/{lived.life.subscription_id}/cancel", {"at_period_end": False}
        )
        await world.stack.psp.behave("tok_ok-down", "tok_ok")
        await turning
    return lived.life.workflow_id


async def looked_up_until_known(world: World) -> str:
    """The provider is away for longer than a call is repeated, which the clock leaps over."""
    async with paid_by_card(world, "tok_ok-away") as lived:
        await lived.until_day(29)
        await world.stack.psp.behave("tok_ok-away", "tok_down")
        await lived.life.wait(lived.began_at + timedelta(days=30, seconds=70) - lived.own_now)
        await lived.life.is_quiet()
        await world.stack.psp.behave("tok_ok-away", "tok_ok")
        await lived.until_day(31)
    return lived.life.workflow_id
