"""Paying an open invoice now: by card, by hand, with a confirmation; and what is refused."""

import asyncio
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest

from tests.api.past_due import open_invoice, past_due
from tests.at_rest import comes_to_rest
from tests.client import Student, refusal
from tests.clock_turn import instant
from tests.deadline import eventually
from tests.lives import Life, World


def card(token: str) -> dict[str, Any]:
    return {"payment_method": {"provider": "sandbox", "token": token}}


async def pay(life: Life, body: Any = None, *, key: str | None = None) -> httpx2.Response:
    [newest, *_] = (await life.student.get("/invoices")).json()["items"]
    return await life.student.post(f"/invoices/{newest['id']}/pay", body, key=key)


async def attempts(life: Life) -> list[tuple[str, str]]:
    [newest, *_] = (await life.student.get("/invoices")).json()["items"]
    return [(payment["provider"], payment["status"]) for payment in newest["payments"]]


async def test_by_card_it_is_paid_when_it_is_answered(unpaid: Life) -> None:
    answer = await pay(unpaid, card("tok_ok"))

    assert answer.status_code == 200, answer.text
    paid = answer.json()
    assert (paid["invoice_status"], paid["payment"]["status"]) == ("paid", "succeeded")
    assert (paid["payment"]["attempt_no"], paid["payment"]["provider"]) == (2, "sandbox")
    assert (await unpaid.student.get("/me/subscription")).json()["status"] == "active"
    assert await attempts(unpaid) == [("mock", "failed"), ("sandbox", "succeeded")]


async def test_renewals_are_charged_as_before_and_the_default_stays(unpaid: Life) -> None:
    default = (await unpaid.student.add_card("tok_ok-mine")).json()["id"]
    await pay(unpaid, card("tok_ok-once"))

    methods = (await unpaid.student.get("/me/payment-methods")).json()
    assert [method["is_default"] for method in methods] == [True, False]
    assert methods[0]["id"] == default
    assert (await unpaid.book()).timeline.count("payment_method_set") == 1


async def test_without_a_card_of_its_own_the_subscription_s_is_charged(world: World, admin: Student) -> None:
    life = await past_due(world, admin, card="tok_decline_1_then_ok")

    answer = await pay(life, key=uuid.uuid4().hex)
    assert answer.status_code == 200, answer.text
    assert (await life.student.get("/me/subscription")).json()["status"] == "active"
    assert [c["status"] for c in await world.stack.psp.charges(life.subscription_id)] == [
        "failed",
        "succeeded",
    ]


async def test_by_hand_it_waits_for_the_report(unpaid: Life) -> None:
    answer = await pay(unpaid)

    assert answer.status_code == 202, answer.text
    waiting = answer.json()
    assert (waiting["invoice_status"], waiting["payment"]["status"]) == ("open", "pending")
    assert (waiting["payment"]["provider"], waiting["payment"]["action_url"]) == ("mock", None)
    unpaid.payment_id = waiting["payment"]["id"]
    await unpaid.pay()


async def test_by_hand_asking_again_asks_for_the_same_payment(unpaid: Life) -> None:
    answers = [await pay(unpaid) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202] * 3
    assert {answer.json()["payment"]["id"] for answer in answers} == {unpaid.payment_id}
    assert (await unpaid.book()).payments == ["pending"]


async def test_with_3d_secure_it_says_where_to_confirm(unpaid: Life) -> None:
    answer = await pay(unpaid, card("tok_3ds"))

    assert answer.status_code == 202, answer.text
    payment = answer.json()["payment"]
    assert payment["status"] == "pending"
    assert payment["action_url"].startswith("http")
    [charge] = await unpaid.world.stack.psp.charges(unpaid.subscription_id)
    await unpaid.world.stack.psp.complete_action(charge["id"], "succeeded")
    await unpaid.becomes("active")
    [invoice] = (await unpaid.student.get("/invoices")).json()["items"]
    assert [paid["action_url"] for paid in invoice["payments"]] == [None, None], "it is confirmed"


@pytest.mark.parametrize(
    ("token", "code"), [("tok_insufficient_funds", "insufficient_funds"), ("tok_stolen", "stolen_card")]
)
async def test_a_decline_says_why_and_leaves_it_open(unpaid: Life, token: str, code: str) -> None:
    answer = await pay(unpaid, card(token))

    assert refusal(answer) == (402, "payment_failed")
    assert answer.json()["decline_code"] == code
    assert (await unpaid.student.get("/me/subscription")).json()["status"] == "incomplete"
    assert (await pay(unpaid, card("tok_ok"))).status_code == 200


async def test_a_manual_payment_spends_no_retry(world: World, admin: Student) -> None:
    life = await past_due(world, admin, card="tok_insufficient_funds")
    before = (await life.student.get("/me/subscription")).json()

    assert refusal(await pay(life)) == (402, "payment_failed")
    after = (await life.student.get("/me/subscription")).json()
    assert (before["next_action"], after["next_action"]) == ("retry_payment", "retry_payment")
    # A day has passed, and there is never more than one attempt within a day.
    assert instant(after["next_action_at"]) - instant(before["next_action_at"]) < timedelta(minutes=1)


async def test_under_one_key_it_is_one_charge(unpaid: Life) -> None:
    key = uuid.uuid4().hex
    first = await pay(unpaid, card("tok_ok"), key=key)
    again = await pay(unpaid, card("tok_ok"), key=key)

    assert (again.status_code, again.json()) == (first.status_code, first.json()) == (200, again.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert len(await unpaid.world.stack.psp.charges(unpaid.subscription_id)) == 1
    assert refusal(await pay(unpaid, card("tok_3ds"), key=key)) == (422, "idempotency_key_reused")


async def test_a_decline_repeated_under_its_key_is_no_second_charge(unpaid: Life) -> None:
    key = uuid.uuid4().hex
    for _ in range(2):
        assert refusal(await pay(unpaid, card("tok_insufficient_funds"), key=key)) == (402, "payment_failed")
    assert len(await unpaid.world.stack.psp.charges(unpaid.subscription_id)) == 1


async def test_two_at_once_are_one_charge(unpaid: Life) -> None:
    answers = await asyncio.gather(*(pay(unpaid, card("tok_slow")) for _ in range(2)))

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    [refused] = [answer for answer in answers if answer.status_code == 409]
    assert refusal(refused) in {(409, "payment_in_progress"), (409, "invoice_not_payable")}
    assert len(await unpaid.world.stack.psp.charges(unpaid.subscription_id)) == 1


async def test_what_is_paid_or_given_up_is_not_payable(active: Life) -> None:
    assert refusal(await pay(active)) == (409, "invoice_not_payable")
    assert refusal(await pay(active, card("tok_ok"))) == (409, "invoice_not_payable")
    assert (await active.student.get("/me/payment-methods")).json() == [], "nothing was stored for it"

    await active.post("cancel", {"at_period_end": False})
    assert refusal(await pay(active)) == (409, "invoice_not_payable")


async def test_a_card_that_is_none(unpaid: Life) -> None:
    assert refusal(await pay(unpaid, card("tok_unheard_of"))) == (422, "payment_method_invalid")
    assert refusal(await pay(unpaid, {"payment_method": "tok_ok"})) == (422, "validation_failed")
    assert await attempts(unpaid) == [("mock", "pending")]


async def test_while_the_provider_is_down_it_waits_and_is_paid_later(unpaid: Life) -> None:
    psp = unpaid.world.stack.psp
    assert (await unpaid.student.add_card("tok_ok")).status_code == 201
    await psp.outage(on=True)
    try:
        answer = await pay(unpaid)
    finally:
        await psp.outage(on=False)

    assert answer.status_code == 202, answer.text
    assert answer.json()["payment"]["status"] in {"pending", "created"}
    await unpaid.becomes("active")
    assert len(await psp.charges(unpaid.subscription_id)) == 1


async def test_while_the_worker_is_away_the_same_request_finishes_it(
    unpaid: Life, impatient: httpx2.AsyncClient
) -> None:
    key, stack = uuid.uuid4().hex, unpaid.world.stack
    in_vain = replace(unpaid, student=unpaid.student.through(impatient))
    await stack.stop_worker()
    try:
        assert refusal(await pay(in_vain, card("tok_ok"), key=key)) == (503, "workflow_engine_unavailable")
    finally:
        await stack.start_worker()

    async def is_paid() -> bool:
        return (await pay(unpaid, card("tok_ok"), key=key)).status_code == 200

    await eventually(is_paid)
    assert len(await stack.psp.charges(unpaid.subscription_id)) == 1


async def test_a_late_renewal_is_paid_by_hand(world: World, admin: Student) -> None:
    life = await past_due(world, admin)
    invoice_id = await open_invoice(life)

    waiting = await life.student.post(f"/invoices/{invoice_id}/pay", {})
    assert waiting.status_code == 202
    life.payment_id = waiting.json()["payment"]["id"]
    await life.pay()
    assert (await life.student.get(f"/invoices/{invoice_id}")).json()["status"] == "paid"


async def test_paying_and_canceling_at_once_end_in_one_of_the_orders(unpaid: Life) -> None:
    path = f"/subscriptions/{unpaid.subscription_id}/cancel"
    paid, canceled = await asyncio.gather(
        pay(unpaid, card("tok_slow")), unpaid.student.post(path, {"at_period_end": False})
    )

    assert (canceled.status_code, canceled.json()["status"]) == (200, "canceled")
    assert paid.status_code == 200 or refusal(paid) == (409, "invoice_not_payable"), (
        "canceled before it was sent"
    )
    state = await comes_to_rest(unpaid)
    assert state.status == "canceled"
    charges = await unpaid.world.stack.psp.charges(unpaid.subscription_id)
    assert len(charges) == (paid.status_code == 200)
