"""Another plan by HTTP: done, waited for, declined, refused."""

import asyncio
import uuid
from typing import Any

import pytest

from api.payment_outcome import PaymentOutcomes
from api.problems import Problem
from tests.api.plan_change import DEAR_CENTS, card_becomes, change, invoices, preview, shown
from tests.client import Student, refusal
from tests.clock_turn import instant, turned
from tests.lives import Life, World
from tests.plans import plan_on_sale
from tests.races.commands import card

FIRST = ("subscription_create", "paid", 1_990)


async def test_up_it_is_charged_and_in_effect_when_it_is_answered(paid: Life, dear: str) -> None:
    before = await shown(paid)
    answer = await change(paid, dear)

    assert answer.status_code == 200, answer.text
    changed = answer.json()
    payment = changed.pop("payment")
    assert (payment["status"], payment["amount_cents"]) == ("succeeded", 2_000)
    assert changed == await shown(paid) == before | {"plan_code": dear}
    assert await invoices(paid) == [FIRST, ("subscription_update", "paid", 2_000)]
    assert (await paid.book()).timeline == ["opened", "activated", "plan_change_opened", "plan_changed"]


async def test_to_another_interval_a_fresh_period_begins(paid: Life) -> None:
    answer = await change(paid, "P1Y")

    changed = answer.json()
    assert (answer.status_code, changed["plan_code"]) == (200, "P1Y")
    begins, ends = instant(changed["current_period_start"]), instant(changed["current_period_end"])
    assert (begins.replace(year=begins.year + 1), changed["next_action_at"]) == (
        ends,
        changed["current_period_end"],
    )
    assert await invoices(paid) == [FIRST, ("subscription_update", "paid", 16_000)]


async def test_what_happened_is_told_with_its_amounts(paid: Life, dear: str) -> None:
    await change(paid, dear)

    path = f"/subscriptions/{paid.subscription_id}/timeline"
    [*_, opened, changed] = (await paid.student.get(path)).json()["items"]
    [invoice, _] = (await paid.student.get("/invoices")).json()["items"]
    plans = {"from_plan": "P30D", "from_price_version": 1, "to_plan": dear, "price_version": 1}
    assert opened["details"] == plans | {
        "invoice_id": invoice["id"],
        "amount_cents": 2_000,
        "currency": "EUR",
        "charge_cents": DEAR_CENTS,
        "credit_cents": 1_990,
        "credited_to_balance_cents": 0,
    }
    assert changed["details"] == plans | {
        "invoice_id": invoice["id"],
        "payment_id": invoice["payments"][0]["id"],
        "amount_cents": 2_000,
        "currency": "EUR",
    }
    assert opened["actor"] == f"user:{paid.student.id}"


async def test_down_it_waits_for_the_period_s_end(world: World, dear: str) -> None:
    life = await Life.begin(world, dear, card=card())
    await life.becomes("active")
    seen = (await preview(life, "P30D")).json()
    answer = await change(life, "P30D", quote=seen["quote"])

    scheduled = answer.json()
    assert (answer.status_code, scheduled["plan_code"], scheduled["payment"]) == (200, dear, None)
    assert scheduled["scheduled_plan_code"] == "P30D"
    assert (seen["when"], seen["credit_cents"], seen["amount_due_cents"]) == ("period_end", 0, 1_990)
    assert seen["period_start"] == scheduled["current_period_end"]
    assert len(await invoices(life)) == 1


async def test_up_can_wait_for_the_period_s_end_and_is_taken_back(paid: Life, dear: str) -> None:
    before = await shown(paid)
    scheduled = await change(paid, dear, when="period_end")
    assert (scheduled.status_code, (await shown(paid))["scheduled_plan_code"]) == (200, dear)

    assert refusal(await change(paid, dear, when="period_end")) == (409, "plan_unchanged")
    back = await change(paid, "P30D")
    assert (back.status_code, await shown(paid)) == (200, before)
    assert refusal(await change(paid, "P30D")) == (409, "plan_unchanged")
    assert (await paid.book()).timeline[2:] == ["plan_change_scheduled", "plan_change_taken_back"]


async def test_declined_nothing_has_changed(paid: Life, dear: str) -> None:
    before = await shown(paid)
    await card_becomes(paid, "tok_insufficient_funds")
    key = uuid.uuid4().hex

    for _ in range(2):
        answer = await change(paid, dear, key=key)
        assert refusal(answer) == (402, "payment_failed")
        assert answer.json()["decline_code"] == "insufficient_funds"
    assert await shown(paid) == before
    assert await invoices(paid) == [FIRST, ("subscription_update", "void", 2_000)]
    book = await paid.book()
    assert (book.payments, book.balances["cash_at_provider"]) == (["succeeded", "failed"], 1_990)
    assert book.timeline[2:] == ["plan_change_opened", "payment_declined", "plan_change_declined"]


async def test_by_hand_it_waits_for_the_report(active: Life, dear: str) -> None:
    answer = await change(active, dear)

    assert answer.status_code == 202, answer.text
    waiting = answer.json()
    payment = waiting.pop("payment")
    assert (payment["provider"], payment["status"], payment["amount_cents"]) == ("mock", "pending", 2_000)
    [invoice, _] = (await active.student.get("/invoices")).json()["items"]
    assert waiting["pending_change"] == {"plan_code": dear, "invoice_id": invoice["id"]}
    assert (waiting["plan_code"], waiting["next_action"]) == ("P30D", "drop_change")
    active.payment_id = payment["id"]
    await active.report()
    await active.applies_reports(2)
    changed = await shown(active)
    assert (changed["plan_code"], changed["pending_change"]) == (dear, None)


async def test_what_waits_can_be_paid_otherwise(active: Life, dear: str) -> None:
    await change(active, dear)
    pending = (await shown(active))["pending_change"]
    method = {"payment_method": {"provider": "sandbox", "token": "tok_ok"}}
    paid = await active.student.post(f"/invoices/{pending['invoice_id']}/pay", method)

    assert paid.status_code == 200, paid.text
    assert (await shown(active))["plan_code"] == dear


async def test_unpaid_for_23_hours_it_is_dropped(active: Life, admin: Student, dear: str) -> None:
    before = await shown(active)
    await change(active, dear)
    await turned(admin, active, "PT22H59M")
    assert (await shown(active))["pending_change"] is not None
    await turned(admin, active, "PT2M")

    assert await shown(active) == before
    assert await invoices(active) == [FIRST, ("subscription_update", "void", 2_000)]
    assert (await active.book()).timeline[2:] == ["plan_change_opened", "plan_change_expired"]


async def test_with_3d_secure_it_says_where_to_confirm(paid: Life, dear: str) -> None:
    await card_becomes(paid, "tok_3ds")
    answer = await change(paid, dear)

    assert answer.status_code == 202, answer.text
    assert answer.json()["payment"]["action_url"].startswith("http")
    [_, charge] = await paid.world.stack.psp.charges(paid.subscription_id)
    await paid.world.stack.psp.complete_action(charge["id"], "succeeded")
    await paid.applies_reports(2)
    assert (await shown(paid))["plan_code"] == dear


async def test_a_second_one_takes_the_place_of_the_first(active: Life, dear: str) -> None:
    first = (await change(active, dear)).json()["payment"]["id"]
    second = (await change(active, "P1Y")).json()["payment"]
    assert await invoices(active) == [
        FIRST,
        ("subscription_update", "void", 2_000),
        ("subscription_update", "open", 16_000),
    ]

    active.payment_id = first
    await active.report()
    await active.applies_reports(2)
    assert (await shown(active))["plan_code"] == "P30D", "what was dropped is not paid any more"
    active.payment_id = second["id"]
    await active.report()
    await active.applies_reports(3)
    assert (await shown(active))["plan_code"] == "P1Y"
    refunds = [r for i in (await active.student.get("/invoices")).json()["items"] for r in i["refunds"]]
    assert [(refund["payment_id"], refund["amount_cents"]) for refund in refunds] == [(first, 2_000)]


@pytest.mark.parametrize("command", ["cancel", "freeze"])
async def test_a_cancellation_or_a_freeze_voids_it(active: Life, dear: str, command: str) -> None:
    await change(active, dear)
    answer = await active.post(command)

    assert answer.status_code == 200, answer.text
    assert (answer.json()["plan_code"], answer.json()["pending_change"]) == ("P30D", None)
    assert await invoices(active) == [FIRST, ("subscription_update", "void", 2_000)]
    assert refusal(await change(active, dear)) == (409, "plan_change_not_possible")


async def test_the_present_plan_takes_back_what_waits(active: Life, dear: str) -> None:
    before = await shown(active)
    await change(active, dear)
    assert (await change(active, "P30D")).status_code == 200
    assert await shown(active) == before


async def test_on_trial_it_is_free_of_charge(world: World, admin: Student, dear: str) -> None:
    async with plan_on_sale(admin, "P30D", trial_days=14) as trial:
        life = await Life.begin(world, trial)
    before = await shown(life)
    seen = (await preview(life, dear)).json()
    answer = await change(life, dear)

    assert answer.status_code == 200, answer.text
    assert (seen["when"], seen["lines"], seen["amount_due_cents"]) == ("now", [], 0)
    assert await shown(life) == before | {"plan_code": dear}
    assert await invoices(life) == []


async def test_under_one_key_it_is_one_change(paid: Life, dear: str) -> None:
    key = uuid.uuid4().hex
    first, again = await change(paid, dear, key=key), await change(paid, dear, key=key)

    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert len(await invoices(paid)) == 2
    assert refusal(await change(paid, "P1Y", key=key)) == (422, "idempotency_key_reused")


async def test_many_at_once_are_one_after_the_other(active: Life, dear: str) -> None:
    answers = await asyncio.gather(*(change(active, plan) for plan in (dear, "P1Y") * 4))

    refused = [refusal(answer) for answer in answers if answer.status_code != 202]
    assert set(refused) <= {(409, "plan_change_replaced")}, "another took its place at once"
    found = await invoices(active)
    assert (len(found), [status for _, status, _ in found[1:]]) == (9, ["void"] * 7 + ["open"])


@pytest.mark.parametrize(
    ("command", "body", "code"),
    [
        ("change-plan", {"plan_code": "P1Y"}, "plan_change_replaced"),
        ("change-plan", {"plan_code": "P1Y", "when": "period_end"}, "plan_change_replaced"),
        ("change-plan", {"plan_code": "P30D"}, "plan_change_replaced"),
        ("cancel", {}, "plan_change_voided"),
        ("cancel", {"at_period_end": False}, "plan_change_voided"),
        ("freeze", {}, "plan_change_voided"),
        ("withdraw", None, "plan_change_voided"),
    ],
)
async def test_what_makes_way_before_its_outcome_is_told_is_no_decline(
    active: Life, dear: str, command: str, body: dict[str, Any] | None, code: str
) -> None:
    """As of a request that still waits for the outcome when the other one is carried out."""
    waiting = (await change(active, dear)).json()["pending_change"]
    assert (await active.post(command, body)).is_success

    outcomes = PaymentOutcomes(active.world.database)
    with pytest.raises(Problem) as change_refused:
        await outcomes.of_change(active.subscription_id, waiting["invoice_id"])
    with pytest.raises(Problem) as payment_refused:
        await outcomes.of_invoice(waiting["invoice_id"])

    assert (change_refused.value.status, change_refused.value.code) == (409, code)
    assert (payment_refused.value.status, payment_refused.value.code) == (409, "invoice_not_payable")


async def test_a_credit_above_the_charge_goes_to_the_balance_and_pays_the_next_one(
    world: World, admin: Student, dear: str
) -> None:
    life = await Life.begin(world, dear, card=card())
    await life.becomes("active")
    answer = await change(life, "P30D", when="now")

    assert (answer.status_code, answer.json()["plan_code"], answer.json()["payment"]) == (200, "P30D", None)
    assert await invoices(life) == [
        ("subscription_create", "paid", DEAR_CENTS),
        ("subscription_update", "paid", 0),
    ]
    balances = (await life.book()).balances
    assert (balances["customer_balance"], balances["refunds"]) == (-2_000, 1_639)
    await turned(admin, life, "P31D")
    assert (await invoices(life))[2] == ("subscription_cycle", "paid", 1_990)
    assert (await life.book()).balances["customer_balance"] == -10
    assert [c["amount_cents"] for c in await world.stack.psp.charges(life.subscription_id)] == [DEAR_CENTS]


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({"plan_code": "P99Y"}, (404, "plan_not_found")),
        ({"plan_code": "P30D"}, (409, "plan_unchanged")),
        ({"plan_code": "P1Y", "when": "tomorrow"}, (422, "validation_failed")),
        ({"plan_code": "P1Y", "price_cents": 1}, (422, "validation_failed")),
        ({"plan_code": ""}, (422, "validation_failed")),
        ({}, (422, "validation_failed")),
    ],
)
async def test_a_wish_that_is_refused(active: Life, body: dict[str, Any], refused: tuple[int, str]) -> None:
    path = f"/subscriptions/{active.subscription_id}/change-plan"

    assert refusal(await active.student.post(path, body)) == refused
    assert refusal(await active.student.post(f"{path}/preview", body)) == refused
    assert (await active.book()).timeline == ["opened", "activated"]


async def test_a_plan_in_another_currency_or_that_is_retired(active: Life, admin: Student) -> None:
    async with plan_on_sale(admin, "P30D", currency="USD") as dollars:
        assert refusal(await change(active, dollars)) == (409, "currency_mismatch")
    assert refusal(await change(active, dollars)) == (404, "plan_not_found")


async def test_what_is_not_paid_or_over_keeps_its_plan(unpaid: Life, student: Student) -> None:
    assert refusal(await change(unpaid, "P1Y")) == (409, "plan_change_not_possible")
    await unpaid.post("cancel", {"at_period_end": False})
    assert refusal(await change(unpaid, "P1Y")) == (409, "plan_change_not_possible")
    assert refusal(await preview(unpaid, "P1Y")) == (409, "plan_change_not_possible")
    path = f"/subscriptions/{unpaid.subscription_id}/change-plan"
    for foreign in (path, f"{path}/preview"):
        assert refusal(await student.post(foreign, {"plan_code": "P1Y"})) == (404, "subscription_not_found")
