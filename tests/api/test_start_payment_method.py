"""A start with a stored payment method: its provider is asked, then the charge follows by itself."""

import uuid
from typing import Any

import httpx2
import pytest

from tests.client import Student, refusal
from tests.conftest import FreshStack
from tests.deadline import eventually
from tests.lives import World


async def start_with(
    student: Student, token: str, *, key: str | None = None, **fields: Any
) -> httpx2.Response:
    body = {"plan_code": "P30D", "payment_method": {"provider": "sandbox", "token": token}} | fields
    return await student.post("/subscriptions/start", body, key=key or uuid.uuid4().hex)


async def is_active(student: Student) -> bool:
    return bool((await student.get("/me/subscription")).json()["status"] == "active")


async def test_the_first_charge_follows_by_itself(world: World, student: Student) -> None:
    answer = await start_with(student, "tok_ok")

    assert answer.status_code == 201, answer.text
    started = answer.json()
    assert (started["payment_status"], started["provider"], started["status"]) == (
        "pending",
        "sandbox",
        "incomplete",
    )
    await eventually(lambda: is_active(student))
    charges = await world.stack.psp.charges(started["subscription_id"])
    assert [(c["payment_id"], c["amount_cents"], c["status"]) for c in charges] == [
        (started["payment_id"], started["amount_cents"], "succeeded")
    ]


async def test_repeated_it_is_one_start_and_one_charge(world: World, student: Student) -> None:
    key = uuid.uuid4().hex
    first = await start_with(student, "tok_ok", key=key)
    await eventually(lambda: is_active(student))
    again = await start_with(student, "tok_ok", key=key)

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert len(await world.stack.psp.charges(first.json()["subscription_id"])) == 1
    assert refusal(await start_with(student, "tok_3ds", key=key)) == (422, "idempotency_key_reused")


@pytest.mark.parametrize("token", ["tok_unheard_of", "../charges", "tok ok"])
async def test_a_token_that_the_provider_does_not_take(student: Student, token: str) -> None:
    key = uuid.uuid4().hex
    assert refusal(await start_with(student, token, key=key)) == (422, "payment_method_invalid")
    assert (await student.get("/me/subscription")).json()["status"] == "inactive"
    assert (await start_with(student, "tok_ok", key=key)).status_code == 201, "the key was not burnt"


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ({"provider": "nobody", "token": "tok_ok"}, "payment_provider_unknown"),
        ({"provider": "mock", "token": "tok_ok"}, "payment_method_invalid"),
        ({"provider": "sandbox"}, "validation_failed"),
        ({"provider": "sandbox", "token": ""}, "validation_failed"),
        ({"provider": "sandbox", "token": "t" * 201}, "validation_failed"),
        ({"provider": "sandbox", "token": "tok_ok", "last4": "4242"}, "validation_failed"),
        ("tok_ok", "validation_failed"),
    ],
)
async def test_what_is_no_payment_method(student: Student, method: Any, code: str) -> None:
    assert refusal(await start_with(student, "", payment_method=method)) == (422, code)
    assert (await student.get("/me/subscription")).json()["status"] == "inactive"


async def test_a_provider_that_is_down_leaves_nothing_half_done(fresh_stack: FreshStack) -> None:
    stack = await fresh_stack()
    async with httpx2.AsyncClient(base_url=stack.api_url) as http:
        student, key = await Student.signup(http), uuid.uuid4().hex
        await stack.psp.stop()
        down = await start_with(student, "tok_ok", key=key)
        assert refusal(down) == (503, "payment_provider_unavailable")
        assert down.headers["retry-after"] == "1"
        assert (await student.get("/me/subscription")).json()["status"] == "inactive"

        await stack.psp.start()
        assert (await start_with(student, "tok_ok", key=key)).status_code == 201
        await eventually(lambda: is_active(student))
