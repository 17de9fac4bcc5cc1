"""Redeeming on a running subscription: it adds value to the purse, once, and touches nothing else."""

import asyncio
import uuid
from typing import Any

import httpx2
import pytest

from tests.api.past_due import open_invoice, past_due
from tests.client import Student, refusal
from tests.gift_cards import check_purses, issue
from tests.lives import Life, World

UNKNOWN = "0000-0000-0000-0000"


async def redeem(life: Life, code: Any, *, key: str | None = None) -> httpx2.Response:
    path = f"/subscriptions/{life.subscription_id}/redeem"
    return await life.student.post(path, {"gift_code": code}, key=key)


async def purse(student: Student) -> dict[str, Any]:
    body: dict[str, Any] = (await student.get("/me/purse")).json()
    return body


async def shown(life: Life) -> Any:
    return (await life.student.get(f"/subscriptions/{life.subscription_id}")).json()


async def told(life: Life) -> list[dict[str, Any]]:
    entries = (await life.student.get(f"/subscriptions/{life.subscription_id}/timeline")).json()["items"]
    return [entry for entry in entries if entry["event"] == "gift_redeemed"]


async def test_it_adds_to_the_purse_and_nothing_else_changes(admin: Student, active: Life) -> None:
    [code] = await issue(admin, 5_000)
    before = await shown(active), await active.book()

    answer = await redeem(active, code)

    assert (answer.status_code, answer.json()) == (
        200,
        {"balance_cents": 5_000, "currency": "EUR", "expires_at": None, "open_invoice": None},
    )
    after = await active.book()
    assert await shown(active) == before[0]
    assert after.timeline == [*before[1].timeline, "gift_redeemed"]
    assert (after.invoices, after.payments, after.balances) == (
        before[1].invoices,
        before[1].payments,
        before[1].balances,
    )
    has = await purse(active.student)
    assert has["totals"] == [{"currency": "EUR", "gift_cents": 5_000, "balance_cents": 0}]
    assert [(card["amount_cents"], card["balance_cents"]) for card in has["gift_cards"]] == [(5_000, 5_000)]
    [entry] = await told(active)
    assert (entry["actor"], entry["details"]["gift_card_cents"]) == (f"user:{active.student.id}", 5_000)


async def test_again_it_is_the_same_answer_and_told_once(admin: Student, active: Life) -> None:
    [code] = await issue(admin, 5_000)
    key = uuid.uuid4().hex
    first = await redeem(active, code, key=key)

    for answer in (await redeem(active, code, key=key), await redeem(active, code)):
        assert (answer.status_code, answer.json()) == (200, first.json())
    assert refusal(await redeem(active, UNKNOWN, key=key)) == (422, "idempotency_key_reused")
    assert len(await told(active)) == 1


async def test_ten_at_once_by_its_owner_are_one(admin: Student, active: Life) -> None:
    [code] = await issue(admin, 5_000)

    answers = await asyncio.gather(*(redeem(active, code) for _ in range(10)))

    assert {(answer.status_code, answer.json()["balance_cents"]) for answer in answers} == {(200, 5_000)}
    assert len(await told(active)) == 1


async def test_what_is_past_due_stays_due_and_is_told(world: World, admin: Student) -> None:
    """Its invoice is finalized: a card that comes later pays nothing of it."""
    life = await past_due(world, admin)
    [code] = await issue(admin, 5_000)

    answer = await redeem(life, code)

    invoice_id = await open_invoice(life)
    due = {"invoice_id": invoice_id, "amount_due_cents": 1_990, "currency": "EUR"}
    assert (answer.status_code, answer.json()["balance_cents"]) == (200, 5_000)
    assert answer.json()["open_invoice"] == due
    invoice = (await life.student.get(f"/invoices/{invoice_id}")).json()
    assert (invoice["gift_cents"], invoice["amount_due_cents"]) == (0, 1_990)
    assert (await shown(life))["status"] == "past_due"


@pytest.mark.parametrize("status", ["incomplete", "frozen", "canceling"])
async def test_whatever_is_not_over_takes_one(admin: Student, unpaid: Life, status: str) -> None:
    if status != "incomplete":
        await unpaid.pay()
        command = {"frozen": "freeze", "canceling": "cancel"}[status]
        assert (await unpaid.post(command)).is_success
    [code] = await issue(admin)

    assert (await redeem(unpaid, code)).status_code == 200


async def test_what_has_ended_takes_none(admin: Student, active: Life) -> None:
    await active.post("cancel", {"at_period_end": False})
    [code] = await issue(admin)

    assert refusal(await redeem(active, code)) == (409, "subscription_ended")
    assert refusal(await redeem(active, UNKNOWN)) == (409, "subscription_ended")
    assert await purse(active.student) == {"totals": [], "gift_cards": []}


async def test_somebody_elses_subscription_is_not_there(
    admin: Student, active: Life, student: Student
) -> None:
    [code] = await issue(admin)

    answer = await student.post(f"/subscriptions/{active.subscription_id}/redeem", {"gift_code": code})

    assert refusal(answer) == (404, "subscription_not_found")
    assert (await student.post("/gift-cards/balance", {"code": code})).json()["balance_cents"] == 5_000


async def test_codes_that_redeem_nothing(admin: Student, active: Life, student: Student) -> None:
    [of_another] = await issue(admin)
    [foreign] = await issue(admin, currency="USD")
    assert (await student.start(gift_code=of_another)).status_code == 201
    before = await active.book()

    assert refusal(await redeem(active, UNKNOWN)) == (404, "gift_card_not_found")
    assert refusal(await redeem(active, of_another)) == (404, "gift_card_not_found")
    assert refusal(await redeem(active, foreign)) == (409, "currency_mismatch")
    assert await active.book() == before
    assert await purse(active.student) == {"totals": [], "gift_cards": []}


async def test_its_owner_is_told_that_it_is_used_up(admin: Student, student: Student, active: Life) -> None:
    [code] = await issue(admin, 1_990)
    started = (await student.start(gift_code=code)).json()

    used_up = await student.post(f"/subscriptions/{started['subscription_id']}/redeem", {"gift_code": code})

    assert refusal(used_up) == (409, "gift_card_empty")
    assert refusal(await redeem(active, code)) == (404, "gift_card_not_found")


@pytest.mark.parametrize("code", ["", "x" * 65, 1, None, ["a"]])
async def test_a_code_that_is_none(bystander: Student, code: Any) -> None:
    answer = await bystander.post("/subscriptions/1/redeem", {"gift_code": code})

    assert refusal(answer) == (422, "validation_failed")


async def test_a_purse_of_several_currencies(admin: Student, active: Life) -> None:
    """Dollars stay where they are: no invoice is in dollars yet."""
    codes = [(await issue(admin, cents))[0] for cents in (700, 600)]
    for code in codes:
        await redeem(active, code)

    has = await purse(active.student)

    assert has["totals"] == [{"currency": "EUR", "gift_cents": 1_300, "balance_cents": 0}]
    assert [card["amount_cents"] for card in has["gift_cards"]] == [700, 600]
    await check_purses(active.world.database)
