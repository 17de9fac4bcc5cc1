"""Subscriptions brought to where a race begins, and what may be thrown at them."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

from domain.due import Step, next_step
from tests.at_rest import clock_of, state_of
from tests.book import workflow_id_of
from tests.client import Student
from tests.deadline import eventually
from tests.lives import Life, World
from tests.races.commands import card

SHORTLY = timedelta(milliseconds=400)


async def begin_with_card(
    world: World,
    token: str = "tok_ok",  # noqa: S107 - a test token
    *,
    becomes: str = "active",
) -> Life:
    """Charged to a card that nobody else has."""
    student = await Student.signup(world.http)
    method = {"provider": "sandbox", "token": card(token)}
    started = await student.post(
        "/subscriptions/start", {"plan_code": "P30D", "payment_method": method}, key=uuid.uuid4().hex
    )
    assert started.status_code == 201, started.text
    subscription_id = started.json()["subscription_id"]
    workflow_id = await workflow_id_of(world.database, subscription_id)
    life = Life(world, student, subscription_id, started.json()["payment_id"], workflow_id)
    await life.becomes(becomes)
    return life


async def token_of(life: Life) -> str:
    charges = await life.world.stack.psp.charges(life.subscription_id)
    return str(charges[-1]["method_token"])


async def comes_near(life: Life, step: Step, *, by: timedelta = SHORTLY) -> float:
    """Turns its clock to shortly before its next step. Returns when that will be, in the loop's time."""
    upcoming = next_step(await state_of(life))
    assert upcoming is not None
    assert upcoming.step is step
    clock = clock_of(life)
    away = upcoming.at - by - (await clock.read()).now
    if away > timedelta():
        await life.wait(away)
    left = upcoming.at - (await clock.read()).now
    return asyncio.get_running_loop().time() + left.total_seconds()


async def passes(life: Life, step: Step) -> None:
    """Turns its clock to where its next step is due, unless it has passed by itself."""
    upcoming = next_step(await state_of(life))
    if upcoming is not None and upcoming.step is step:
        await at(await comes_near(life, step))


async def past_due(world: World) -> Life:
    """Its card was declined at the renewal, and would pay from now on."""
    life = await begin_with_card(world)
    token = await token_of(life)
    await world.stack.psp.behave(token, "tok_insufficient_funds")
    await comes_near(life, Step.RENEW)
    await life.becomes("past_due")
    await world.stack.psp.behave(token, "tok_ok")
    return life


async def at(instant: float) -> None:
    """Waits for an instant of the loop's time: races are run to shifted instants."""
    loop = asyncio.get_running_loop()
    await asyncio.sleep(max(instant - loop.time(), 0))


async def waits_for_confirmation(life: Life) -> dict[str, Any]:
    """The charge that its customer has to confirm."""

    async def is_pending() -> dict[str, Any]:
        assert "payment_pending" in (await life.book()).timeline
        [charge] = await life.world.stack.psp.charges(life.subscription_id)
        return charge

    return await eventually(is_pending)
