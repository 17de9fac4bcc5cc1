"""A user's payment methods: stored, listed, forgotten; and what a live subscription is charged to."""

import asyncio
import uuid
from typing import Any

import httpx2
import pytest
import structlog
from sqlalchemy import text

from api.payment_methods import OfferedMethod, PaymentMethods
from api.problems import Problem
from payments.providers import Providers
from payments.sandbox import Sandbox
from tests.api.past_due import past_due
from tests.client import Student, refusal
from tests.deadline import eventually
from tests.lives import Life, World

METHODS = "/me/payment-methods"


async def listed(student: Student) -> list[dict[str, Any]]:
    answer = await student.get(METHODS)
    assert answer.status_code == 200
    methods: list[dict[str, Any]] = answer.json()
    return methods


async def shown(student: Student) -> list[tuple[str, bool]]:
    """Last four digits, and whether it is the default."""
    return [(method["last4"], method["is_default"]) for method in await listed(student)]


async def next_action(life: Life) -> str:
    action: str = (await life.student.get("/me/subscription")).json()["next_action"]
    return action


async def charged_to(life: Life) -> int | None:
    async with life.world.database.read() as connection:
        query = text("SELECT payment_method_id FROM subscriptions WHERE id = :id")
        method_id: int | None = (await connection.execute(query, {"id": life.subscription_id})).scalar_one()
        return method_id


async def test_what_is_told_of_one(student: Student) -> None:
    added = await student.add_card("tok_ok")

    assert added.status_code == 201
    assert added.json() == {
        "id": added.json()["id"],
        "provider": "sandbox",
        "brand": "visa",
        "last4": "4242",
        "expiry_month": 12,
        "expiry_year": 2040,
        "is_default": True,
    }
    assert await listed(student) == [added.json()]


async def test_the_last_one_chosen_is_the_default_and_comes_first(student: Student) -> None:
    first = (await student.add_card("tok_ok")).json()
    await student.add_card("tok_3ds")
    assert await shown(student) == [("3155", True), ("4242", False)]

    again = (await student.add_card("tok_ok")).json()
    assert again == first
    assert await shown(student) == [("4242", True), ("3155", False)]


async def test_a_forgotten_one_leaves_the_default_to_the_next(student: Student) -> None:
    ids = [(await student.add_card(card)).json()["id"] for card in ("tok_ok", "tok_3ds", "tok_stolen")]

    assert (await student.delete(f"{METHODS}/{ids[2]}")).status_code == 204
    assert await shown(student) == [("3155", True), ("4242", False)]
    assert (await student.delete(f"{METHODS}/{ids[0]}")).status_code == 204
    assert (await student.delete(f"{METHODS}/{ids[1]}")).status_code == 204
    assert await shown(student) == []
    assert refusal(await student.delete(f"{METHODS}/{ids[1]}")) == (404, "payment_method_not_found")

    returned = (await student.add_card("tok_ok")).json()
    assert returned["id"] not in ids


@pytest.mark.parametrize("card", ["tok_unheard_of", "tok_ok-", "../charges", "tok%2fok", "tok\tok"])
async def test_a_token_that_the_provider_does_not_take(student: Student, card: str) -> None:
    assert refusal(await student.add_card(card)) == (422, "payment_method_invalid")
    assert await listed(student) == []


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ({"provider": "paypal", "token": "tok_ok"}, "payment_provider_unknown"),
        ({"provider": "mock", "token": "tok_ok"}, "payment_method_invalid"),
        ({"token": "tok_ok"}, "validation_failed"),
        ({"provider": "sandbox", "token": 4242424242424242}, "validation_failed"),
        ({"provider": "sandbox", "token": "t" * 201}, "validation_failed"),
        ({"provider": "", "token": "tok_ok"}, "validation_failed"),
        ([], "validation_failed"),
    ],
)
async def test_what_is_no_payment_method(student: Student, method: Any, code: str) -> None:
    assert refusal(await student.post(METHODS, method)) == (422, code)
    assert await listed(student) == []


async def test_under_one_key_it_is_added_once(student: Student) -> None:
    key = uuid.uuid4().hex
    first = await student.add_card("tok_ok", key=key)
    await student.add_card("tok_3ds")
    again = await student.add_card("tok_ok", key=key)

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert await shown(student) == [("3155", True), ("4242", False)]
    assert refusal(await student.add_card("tok_stolen", key=key)) == (422, "idempotency_key_reused")


async def test_a_provider_that_is_away(world: World, student: Student) -> None:
    key = uuid.uuid4().hex
    await world.stack.psp.outage(on=True)
    try:
        away = await student.add_card("tok_ok", key=key)
    finally:
        await world.stack.psp.outage(on=False)

    assert refusal(away) == (503, "payment_provider_unavailable")
    assert away.headers["retry-after"] == "1"
    assert await listed(student) == []
    assert (await student.add_card("tok_ok", key=key)).status_code == 201


async def test_a_provider_that_does_not_take_our_key_is_away_and_operators_are_told(world: World) -> None:
    providers = Providers(Sandbox(world.stack.psp.url, "not our key"))
    methods = PaymentMethods(world.database, providers)

    with structlog.testing.capture_logs() as lines, pytest.raises(Problem) as away:
        await methods.keep(1, OfferedMethod("sandbox", "tok_ok"))
    await providers.close()

    assert (away.value.status, away.value.code) == (503, "payment_provider_unavailable")
    told = {"event": "payment_provider_rejected", "provider": "sandbox", "exc_info": True}
    assert {**told, "log_level": "error"} in lines


async def test_a_live_subscription_is_charged_to_the_default(active: Life) -> None:
    assert await next_action(active) == "open_renewal"
    first = (await active.student.add_card("tok_ok")).json()["id"]
    assert (await next_action(active), await charged_to(active)) == ("renew", first)

    second = (await active.student.add_card("tok_3ds")).json()["id"]
    assert await charged_to(active) == second
    await active.student.delete(f"{METHODS}/{second}")
    assert await charged_to(active) == first
    await active.student.delete(f"{METHODS}/{first}")
    assert (await next_action(active), await charged_to(active)) == ("open_renewal", None)
    assert (await active.book()).timeline == ["opened", "activated"] + ["payment_method_set"] * 4


async def test_forgetting_another_one_changes_nothing_for_the_subscription(active: Life) -> None:
    first = (await active.student.add_card("tok_ok")).json()["id"]
    second = (await active.student.add_card("tok_3ds")).json()["id"]

    assert (await active.student.delete(f"{METHODS}/{first}")).status_code == 204
    assert await charged_to(active) == second


async def test_of_two_chosen_at_once_the_last_one_is_charged(active: Life) -> None:
    cards = ["tok_ok", "tok_3ds", "tok_stolen", "tok_closed"]
    answers = await asyncio.gather(*(active.student.add_card(card) for card in cards))

    assert [answer.status_code for answer in answers] == [201] * len(cards)
    [default] = [method["id"] for method in await listed(active.student) if method["is_default"]]
    assert await charged_to(active) == default


async def test_somebody_who_pays_by_hand_goes_on_so_without_a_new_method(
    student: Student, world: World
) -> None:
    method_id = (await student.add_card("tok_ok")).json()["id"]
    life = await Life.begin(world, student=student)
    await life.pay()
    assert await charged_to(life) is None

    await student.delete(f"{METHODS}/{method_id}")
    assert (await life.book()).timeline == ["opened", "activated"]


async def test_after_the_end_nobody_is_told(active: Life) -> None:
    await active.post("cancel", {"at_period_end": False})

    added = await active.student.add_card("tok_ok")
    assert added.status_code == 201
    assert (await active.student.delete(f"{METHODS}/{added.json()['id']}")).status_code == 204


async def test_what_is_past_due_is_collected_at_once(world: World, admin: Student) -> None:
    life = await past_due(world, admin, card="tok_insufficient_funds")

    assert (await life.student.add_card("tok_ok")).status_code == 201
    await life.becomes("active")
    charges = await world.stack.psp.charges(life.subscription_id)
    assert [charge["status"] for charge in charges] == ["failed", "succeeded"]


async def test_one_declined_for_good_is_collected_from_the_next(world: World, admin: Student) -> None:
    life = await past_due(world, admin, card="tok_stolen")
    charged = (await listed(life.student))[0]["id"]

    assert (await life.student.add_card("tok_ok")).status_code == 201
    await life.becomes("active")
    assert await charged_to(life) != charged


async def test_while_the_worker_is_away_it_is_stored_and_the_same_request_finishes_it(
    active: Life, impatient: httpx2.AsyncClient
) -> None:
    key, worker = uuid.uuid4().hex, active.world.stack
    await worker.stop_worker()
    try:
        away = await active.student.through(impatient).add_card("tok_ok", key=key)
    finally:
        await worker.start_worker()
    assert refusal(away) == (503, "workflow_engine_unavailable")

    again = await active.student.add_card("tok_ok", key=key)
    assert (again.status_code, await charged_to(active)) == (201, again.json()["id"])


async def test_forgetting_that_was_cut_off_is_finished_by_the_same_request(
    active: Life, impatient: httpx2.AsyncClient
) -> None:
    method_id = (await active.student.add_card("tok_ok")).json()["id"]
    worker = active.world.stack
    await worker.stop_worker()
    try:
        away = await active.student.through(impatient).delete(f"{METHODS}/{method_id}")
    finally:
        await worker.start_worker()
    assert refusal(away) == (503, "workflow_engine_unavailable")
    assert await listed(active.student) == []

    await active.is_quiet()
    again = await active.student.delete(f"{METHODS}/{method_id}")
    assert again.status_code in {204, 404}, "404 when the workflow had heard the first one after all"
    assert await charged_to(active) is None


async def test_a_lost_workflow_is_brought_back_and_told(active: Life) -> None:
    await active.world.temporal.get_workflow_handle(active.workflow_id).terminate("by hand")

    assert refusal(await active.student.add_card("tok_ok")) == (503, "workflow_interrupted")

    async def is_stored() -> bool:
        return (await active.student.add_card("tok_ok")).status_code == 201

    await eventually(is_stored)
    assert await next_action(active) == "renew"
