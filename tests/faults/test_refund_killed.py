"""The API dies in the middle of a refund, or the worker is away: the money goes back once."""

import asyncio
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from tests.client import Student
from tests.deadline import eventually
from tests.faults.replica import replica_that_dies_at
from tests.lives import Life, World
from tests.purse import give_gift_card

ORDER = {"amount_cents": 990, "reason": "the lessons did not load"}
ONCE = ["opened", "activated", "refund_opened", "refunded"]


async def paid(world: World) -> Life:
    life = await Life.begin(world, card="tok_ok")
    await life.becomes("active")
    return life


async def given_back(life: Life) -> int:
    [charge] = await life.world.stack.psp.charges(life.subscription_id)
    cents: int = charge["refunded_cents"]
    return cents


async def is_refunded(life: Life) -> bool:
    return (await life.book()).timeline == ONCE


@pytest.mark.parametrize(
    "step", ["before_the_refund", "while_the_refund_starts", "before_the_refund_is_told"]
)
async def test_a_refund_is_finished_by_the_same_request(world: World, admin: Student, step: str) -> None:
    life, key = await paid(world), uuid.uuid4().hex
    path = f"/admin/payments/{life.payment_id}/refund"
    async with replica_that_dies_at(world.stack, step) as replica:
        with pytest.raises(httpx2.TransportError):
            await replica.as_student(admin).post(path, ORDER, key=key)

    async def is_answered() -> httpx2.Response | None:
        answer = await admin.post(path, ORDER, key=key)
        return answer if answer.status_code == 202 else None

    answer = await eventually(is_answered)
    assert answer is not None
    await eventually(lambda: is_refunded(life))
    assert await given_back(life) == 990
    again = await admin.post(path, ORDER, key=key)
    assert (again.status_code, again.json()["id"]) == (202, answer.json()["id"])


@pytest.mark.parametrize(
    "step", ["before_the_refund", "while_the_refund_starts", "before_the_refund_is_told"]
)
async def test_an_invoice_goes_back_to_gift_card_and_card_by_the_same_request(
    world: World, admin: Student, step: str
) -> None:
    student, key = await Student.signup(world.http), uuid.uuid4().hex
    await give_gift_card(world.database, student.id, 500, datetime.now(UTC))
    life = await Life.begin(world, student=student, card="tok_ok")
    await life.becomes("active")
    [invoice] = (await student.get("/invoices")).json()["items"]
    path, body = f"/admin/invoices/{invoice['id']}/refund", {"reason": "the lessons did not load"}
    async with replica_that_dies_at(world.stack, step) as replica:
        with pytest.raises(httpx2.TransportError):
            await replica.as_student(admin).post(path, body, key=key)

    async def is_answered() -> httpx2.Response | None:
        answer = await admin.post(path, body, key=key)
        return answer if answer.status_code == 202 else None

    answer = await eventually(is_answered)
    assert answer is not None
    assert (answer.json()["card_cents"], answer.json()["gift_cents"]) == (1_490, 500)

    async def is_back() -> bool:
        return (await life.book()).timeline.count("refunded") == 2

    await eventually(is_back)
    assert await given_back(life) == 1_490
    [invoice] = (await student.get("/invoices")).json()["items"]
    assert sorted(note["amount_cents"] for note in invoice["credit_notes"]) == [500, 1_490]
    assert (await life.book()).balances == {"deferred_revenue": -1_631, "refunds": 1_631}


async def test_a_refund_cut_off_in_temporal_goes_back_without_anybody_asking_again(
    world: World, admin: Student
) -> None:
    life = await paid(world)
    async with replica_that_dies_at(world.stack, "while_the_refund_starts") as replica:
        with pytest.raises(httpx2.TransportError):
            await replica.as_student(admin).post(f"/admin/payments/{life.payment_id}/refund", ORDER)

    await eventually(lambda: is_refunded(life))
    assert await given_back(life) == 990


async def test_a_refund_asked_for_while_no_worker_runs_goes_back_when_one_is_there(
    world: World, admin: Student
) -> None:
    life, key = await paid(world), uuid.uuid4().hex
    path = f"/admin/payments/{life.payment_id}/refund"
    await world.stack.stop_worker()
    try:
        refused = await admin.post(path, ORDER, key=key)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    finally:
        await world.stack.start_worker()

    await eventually(lambda: is_refunded(life))
    assert await given_back(life) == 990
    assert (await admin.post(path, ORDER, key=key)).status_code == 202
    assert await given_back(life) == 990


async def test_a_worker_killed_while_twenty_refunds_are_under_way_gives_each_back_once(
    world: World, admin: Student
) -> None:
    life = await paid(world)
    keys = [uuid.uuid4().hex for _ in range(20)]

    async def ask(key: str) -> Any:
        body = {"amount_cents": 99, "reason": "one of twenty"}
        return await admin.post(f"/admin/payments/{life.payment_id}/refund", body, key=key)

    asked = asyncio.gather(*(ask(key) for key in keys))

    async def some_are_back() -> bool:
        return "refunded" in (await life.book()).timeline

    await eventually(some_are_back)
    world.stack.kill_worker()
    await world.stack.start_worker()
    await asked

    async def all_are_back() -> bool:
        answers = await asyncio.gather(*(ask(key) for key in keys))
        assert {answer.status_code for answer in answers} == {202}
        return (await life.book()).timeline.count("refunded") == 20

    await eventually(all_are_back)
    assert await given_back(life) == 20 * 99
    assert (await life.book()).balances["cash_at_provider"] == 1_990 - 20 * 99
