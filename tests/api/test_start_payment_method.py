"""A start with a stored payment method: its provider is asked, then the charge follows by itself."""

import uuid
from typing import Any

import httpx2
import pytest

from tests.book import workflow_id_of
from tests.client import Student, refusal
from tests.clock_turn import turned
from tests.deadline import eventually
from tests.lives import Life, World
from tests.plans import plan_on_sale


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


async def test_a_provider_that_is_down_leaves_nothing_half_done(world: World, student: Student) -> None:
    key = uuid.uuid4().hex
    await world.stack.psp.outage(on=True)
    try:
        down = await start_with(student, "tok_ok", key=key)
    finally:
        await world.stack.psp.outage(on=False)
    assert refusal(down) == (503, "payment_provider_unavailable")
    assert down.headers["retry-after"] == "1"
    assert (await student.get("/me/subscription")).json()["status"] == "inactive"
    assert (await student.get("/me/payment-methods")).json() == []

    assert (await start_with(student, "tok_ok", key=key)).status_code == 201
    await eventually(lambda: is_active(student))


async def test_the_method_is_stored_once_and_is_the_default(student: Student) -> None:
    await student.add_card("tok_3ds")
    await start_with(student, "tok_ok")

    methods = (await student.get("/me/payment-methods")).json()
    assert [(method["last4"], method["is_default"]) for method in methods] == [
        ("4242", True),
        ("3155", False),
    ]


async def test_a_start_that_is_refused_stores_nothing(student: Student) -> None:
    assert refusal(await start_with(student, "tok_ok", plan_code="P9Y")) == (404, "plan_not_found")
    assert (await student.get("/me/payment-methods")).json() == []


@pytest.mark.parametrize(
    ("token", "code"), [("tok_insufficient_funds", "insufficient_funds"), ("tok_stolen", "stolen_card")]
)
async def test_a_first_charge_that_is_declined_leaves_it_to_be_paid(
    student: Student, token: str, code: str
) -> None:
    started = (await start_with(student, token)).json()

    async def is_declined() -> bool:
        [payment] = (await student.get(f"/invoices/{started['invoice_id']}")).json()["payments"]
        return bool((payment["status"], payment["failure_code"]) == ("failed", code))

    await eventually(is_declined)
    assert (await student.get("/me/subscription")).json()["status"] == "incomplete"
    paid = await student.post(
        f"/invoices/{started['invoice_id']}/pay",
        {"payment_method": {"provider": "sandbox", "token": "tok_ok"}},
    )
    assert paid.status_code == 200
    assert await is_active(student)


async def test_a_trial_is_charged_at_its_end(world: World, admin: Student, student: Student) -> None:
    async with plan_on_sale(admin, "P1M", trial_days=14) as plan_code:
        started = (await start_with(student, "tok_ok", plan_code=plan_code)).json()
    ids = started["invoice_id"], started["payment_id"], started["provider"]
    assert ids == (None, None, None)
    assert (started["payment_status"], started["status"]) == ("not_required", "trialing")
    assert (started["amount_cents"], started["discount_cents"], started["gift_cents"]) == (0, 0, 0)

    trial = (await student.get("/me/subscription")).json()
    assert (trial["status"], trial["next_action"]) == ("trialing", "renew")
    assert trial["trial_ends_at"] == trial["next_action_at"] == trial["current_period_end"]
    assert trial["access"]["allowed"]
    subscription_id = started["subscription_id"]
    workflow_id = await workflow_id_of(world.database, subscription_id)
    life = Life(world, student, subscription_id, 0, workflow_id)
    await turned(admin, life, "P15D")
    paid = (await student.get("/me/subscription")).json()
    assert (paid["status"], paid["trial_ends_at"]) == ("active", None)
    assert paid["current_period_start"] == trial["trial_ends_at"]
    assert [c["status"] for c in await world.stack.psp.charges(life.subscription_id)] == ["succeeded"]
