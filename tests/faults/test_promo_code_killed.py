"""A promo code whose worker dies while it is reserved, counted or given back: it is so once."""

import asyncio
import uuid
from datetime import timedelta

import httpx2
import pytest

from domain.subscription import Status
from tests.at_rest import state_of
from tests.client import Student
from tests.db.promo_codes import counted
from tests.deadline import eventually
from tests.faults.conftest import Fragile
from tests.lives import Life
from tests.staff import make_promo_code

LONG = 60
DAY = timedelta(days=1)


async def becomes(fragile: Fragile, code: str, count: int, *redemptions: str) -> None:
    async def is_so() -> bool:
        async with fragile.world.database.read() as connection:
            return await counted(connection, code) == (count, list(redemptions))

    await eventually(is_so, timeout=LONG)


@pytest.mark.parametrize("step", ["open_subscription", "open_subscription_done"])
async def test_while_it_is_reserved(fragile: Fragile, step: str) -> None:
    code = await make_promo_code(fragile.admin, max_redemptions=1)
    student, key = await Student.signup(fragile.world.http), uuid.uuid4().hex
    fragile.gates.mine(step, f"{student.id}:{key}")

    async def start() -> httpx2.Response:
        return await student.start(key=key, promo_code=code)

    interrupted = asyncio.create_task(start())
    await fragile.worker_dies()
    await interrupted

    async def is_answered() -> bool:
        return (await start()).status_code == 201

    await eventually(is_answered, timeout=LONG)
    await becomes(fragile, code, 1, "reserved")
    assert (await start()).json()["promo_code"] == code


async def begin(fragile: Fragile, code: str) -> Life:
    return await Life.begin(fragile.world, promo_code=code)


async def test_while_it_is_counted_for_good(fragile: Fragile) -> None:
    code = await make_promo_code(fragile.admin, max_redemptions=1)
    life = await begin(fragile, code)
    fragile.gates.mine("settle_payment_done", life.workflow_id)

    await life.report()
    await fragile.worker_dies()

    await becomes(fragile, code, 1, "committed")
    assert (await state_of(life)).status is Status.ACTIVE


async def test_while_it_is_given_back(fragile: Fragile) -> None:
    code = await make_promo_code(fragile.admin, max_redemptions=1)
    life = await begin(fragile, code)
    fragile.gates.mine("record_subscription_done", life.workflow_id)

    turning = asyncio.create_task(life.wait(DAY))
    await fragile.worker_dies()
    await turning

    await becomes(fragile, code, 0, "released")
    assert (await state_of(life)).has_ended
    assert (await begin(fragile, code)).subscription_id != life.subscription_id
    await becomes(fragile, code, 1, "released", "reserved")
