"""Staff do for a user what the user could do: by the same rules, under their own name, and they say why."""

import asyncio
import uuid
from typing import Any

import pytest

from api.context import open_context
from api.on_behalf import Behalf, OnBehalf
from tests.api.past_due import past_due
from tests.client import Student, refusal
from tests.deadline import eventually
from tests.gift_cards import issue
from tests.lives import Life, World
from tests.races.commands import card
from tests.stack import Stack

WHY = "the customer called"
COMMANDS: dict[str, dict[str, Any]] = {
    "cancel": {},
    "uncancel": {},
    "freeze": {},
    "unfreeze": {},
    "withdraw": {},
    "change-plan": {"plan_code": "P1Y"},
    "redeem": {"gift_code": "7G3K-0XQ9-M2VD-4TPA"},
    "retry-payment": {},
}


def at(life: Life, command: str) -> str:
    return f"/admin/subscriptions/{life.subscription_id}/{command}"


async def told(reader: Student, path: str, subscription_id: int) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await reader.get(f"{path}/{subscription_id}/timeline")).json()["items"]
    return items


async def told_refunded(admin: Student, life: Life) -> list[dict[str, Any]]:
    """The whole timeline, once the provider has given the money back, after which nothing more is told."""
    entries = await told(admin, "/admin/subscriptions", life.subscription_id)
    assert entries[-1]["event"] == "refunded"
    return entries


async def last_told(admin: Student, life: Life) -> tuple[str, str, str]:
    """What happened last, who did it, and what they wrote."""
    entry = (await told(admin, "/admin/subscriptions", life.subscription_id))[-1]
    return entry["event"], entry["actor"], entry["note"]


async def test_what_a_user_could_do_is_done_for_them(active: Life, admin: Student) -> None:
    me = f"user:{admin.id}"
    canceled = await admin.post(at(active, "cancel"), {"reason": WHY})
    assert (canceled.status_code, canceled.json()["cancel_at_period_end"]) == (200, True)
    assert await last_told(admin, active) == ("cancel_scheduled", me, WHY)

    back = await admin.post(at(active, "uncancel"), {"reason": "a mistake"})
    assert (back.status_code, back.json()["cancel_at_period_end"]) == (200, False)
    assert await last_told(admin, active) == ("cancel_withdrawn", me, "a mistake")

    frozen = await admin.post(at(active, "freeze"), {"reason": WHY})
    assert (frozen.status_code, frozen.json()["status"]) == (200, "frozen")
    assert await last_told(admin, active) == ("frozen", me, WHY)

    thawed = await admin.post(at(active, "unfreeze"), {"reason": WHY})
    assert (thawed.status_code, thawed.json()["status"]) == (200, "active")
    assert await last_told(admin, active) == ("unfrozen", me, WHY)

    withdrawn = await admin.post(at(active, "withdraw"), {"reason": WHY})
    assert (withdrawn.status_code, withdrawn.json()["status"]) == (200, "canceled")
    entries = await eventually(lambda: told_refunded(admin, active))
    assert ("withdrawn", me, WHY) in [(e["event"], e["actor"], e["note"]) for e in entries]

    own = await told(active.student, "/subscriptions", active.subscription_id)
    assert own == [{**entry, "note": None} for entry in entries], "why is between staff"


async def test_a_gift_card_goes_to_the_owner(active: Life, admin: Student) -> None:
    [code] = await issue(admin, 5_000)
    answer = await admin.post(at(active, "redeem"), {"gift_code": code, "reason": WHY})

    assert (answer.status_code, answer.json()["balance_cents"]) == (200, 5_000)
    assert await last_told(admin, active) == ("gift_redeemed", f"user:{admin.id}", WHY)
    [total] = (await active.student.get("/me/purse")).json()["totals"]
    assert (total["gift_cents"], (await admin.get("/me/purse")).json()["totals"]) == (5_000, [])


async def test_another_plan_costs_what_was_quoted(paid: Life, admin: Student, dear: str) -> None:
    previewed = await admin.post(at(paid, "change-plan/preview"), {"plan_code": dear})
    assert previewed.status_code == 200, previewed.text
    seen = previewed.json()
    wanted = {"plan_code": dear, "quote": seen["quote"]}
    changed = await admin.post(at(paid, "change-plan"), wanted | {"reason": WHY})

    assert (changed.status_code, changed.json()["plan_code"]) == (200, dear)
    assert changed.json()["payment"]["amount_cents"] == seen["amount_due_cents"]
    entries = await told(admin, "/admin/subscriptions", paid.subscription_id)
    [changed_by] = [e for e in entries if e["note"] is not None]
    assert (changed_by["actor"], changed_by["note"]) == (f"user:{admin.id}", WHY)


async def test_support_sees_what_another_plan_would_cost(
    paid: Life, admin: Student, support: Student, dear: str
) -> None:
    """It writes nothing. The change is not theirs to make, not even with the quote."""
    before = await paid.book()
    seen = await support.post(at(paid, "change-plan/preview"), {"plan_code": dear})

    assert seen.status_code == 200, seen.text
    asked = {"plan_code": dear, "quote": seen.json()["quote"], "reason": WHY}
    assert refusal(await support.post(at(paid, "change-plan"), asked)) == (403, "forbidden")
    assert await paid.book() == before
    assert (await admin.post(at(paid, "change-plan"), asked)).status_code == 200


async def test_a_payment_is_tried_again_once_a_key(world: World, admin: Student) -> None:
    life = await past_due(world, admin, card("tok_insufficient_funds"))
    declined = await admin.post(at(life, "retry-payment"), {"reason": WHY})
    assert refusal(declined) == (402, "payment_failed")
    [charge, *_] = await world.stack.psp.charges(life.subscription_id)
    await world.stack.psp.behave(charge["method_token"], "tok_ok")

    key = uuid.uuid4().hex
    answers = await asyncio.gather(
        *(admin.post(at(life, "retry-payment"), {"reason": WHY}, key=key) for _ in range(3))
    )
    statuses = {answer.status_code for answer in answers}
    assert statuses in ({200}, {200, 409}), [answer.text for answer in answers]
    again = await admin.post(at(life, "retry-payment"), {"reason": WHY}, key=key)
    assert (again.status_code, again.json()["invoice_status"]) == (200, "paid")
    await life.becomes("active")
    charges = await world.stack.psp.charges(life.subscription_id)
    assert [charge["status"] for charge in charges].count("succeeded") == 1
    nothing = await admin.post(at(life, "retry-payment"), {"reason": WHY})
    assert refusal(nothing) == (409, "invoice_not_payable")


async def test_an_operator_needs_no_account(
    stack: Stack, active: Life, admin: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", stack.temporal_address)
    async with open_context(stack.settings) as context:
        behalf = OnBehalf(context, Behalf("operator:anna", WHY))
        first, again = [await behalf.cancel(active.subscription_id, "one request") for _ in range(2)]

    assert first == again
    assert (await active.book()).timeline.count("cancel_scheduled") == 1
    assert await last_told(admin, active) == ("cancel_scheduled", "operator:anna", WHY)
    own = await told(active.student, "/subscriptions", active.subscription_id)
    assert own[-1]["note"] is None


async def test_one_key_is_one_command(active: Life, admin: Student) -> None:
    key, body = uuid.uuid4().hex, {"reason": WHY, "at_period_end": False}
    first = await admin.post(at(active, "cancel"), body, key=key)
    again = await admin.post(at(active, "cancel"), body, key=key)
    other = await admin.post(at(active, "cancel"), body | {"reason": "another"}, key=key)

    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert refusal(other) == (422, "idempotency_key_reused")
    assert (await active.book()).timeline.count("canceled") == 1


async def test_the_user_s_rules_hold_for_staff(unpaid: Life, admin: Student) -> None:
    refused = {
        "uncancel": (409, "not_canceling"),
        "freeze": (409, "freeze_only_from_active"),
        "unfreeze": (409, "not_frozen"),
        "change-plan": (409, "plan_change_not_possible"),
        "redeem": (404, "gift_card_not_found"),
    }
    for command, code in refused.items():
        answer = await admin.post(at(unpaid, command), COMMANDS[command] | {"reason": WHY})
        assert refusal(answer) == code, command
    assert (await unpaid.book()).timeline == ["opened"]


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_reason_is_needed(untouched: Life, admin: Student, command: str) -> None:
    before = await untouched.book()
    for reason in ({}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 501}, {"reason": None}):
        answer = await admin.post(at(untouched, command), COMMANDS[command] | reason)
        assert refusal(answer) == (422, "validation_failed"), reason
    assert await untouched.book() == before
