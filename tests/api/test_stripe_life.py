"""Lives that are paid through Stripe, over HTTP, with localstripe in its place: its reports are its own."""

import json
import time
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from payments.stripe_webhook import sign
from tests.book import workflow_id_of
from tests.client import Student, refusal
from tests.deadline import eventually
from tests.lives import Life, World
from tests.local_stripe import ASKS, DECLINED, GOOD, LocalStripe

PRICE = 1_990
REASON = {"reason": "a lesson that was not held"}


@pytest.fixture(scope="module")
async def reporting(world: World, local_stripe: LocalStripe) -> AsyncIterator[LocalStripe]:
    await local_stripe.report_to(world.stack.api_url)
    yield local_stripe
    await local_stripe.report_to_nobody()


async def begin(world: World, student: Student, token: str) -> Life:
    started = await student.start(payment_method={"provider": "stripe", "token": token})
    assert started.status_code == 201, started.text
    ids = started.json()
    workflow_id = await workflow_id_of(world.database, ids["subscription_id"])
    return Life(world, student, ids["subscription_id"], ids["payment_id"], workflow_id)


async def references(life: Life) -> list[str]:
    """What Stripe calls its payments."""
    query = text(
        "SELECT p.reference FROM payments p JOIN invoices i ON i.id = p.invoice_id"
        " WHERE i.subscription_id = :id AND p.reference IS NOT NULL ORDER BY p.id"
    )
    async with life.world.database.read() as connection:
        rows = await connection.execute(query, {"id": life.subscription_id})
        return list(rows.scalars())


async def test_a_card_is_charged_renewed_refunded_and_charged_back(
    world: World, reporting: LocalStripe, student: Student, admin: Student
) -> None:
    life = await begin(world, student, await reporting.card(GOOD))
    await life.becomes("active")

    [first] = await references(life)
    intent = await reporting.get(f"/v1/payment_intents/{first}")
    assert (intent["status"], intent["amount"], intent["currency"]) == ("succeeded", PRICE, "eur")
    assert intent["metadata"]["payment_id"] == str(life.payment_id)
    await life.applies_reports(1)

    await life.wait(timedelta(days=30, hours=1))

    async def is_renewed() -> bool:
        return (await life.book()).payments == ["succeeded", "succeeded"]

    await eventually(is_renewed)
    await life.applies_reports(2)
    _, second = await references(life)
    renewed = await reporting.get(f"/v1/payment_intents/{second}")
    assert (renewed["customer"], renewed["amount"]) == (intent["customer"], PRICE)

    asked = await admin.post(
        f"/admin/payments/{life.payment_id}/refund", REASON | {"amount_cents": 500}, key=uuid.uuid4().hex
    )
    assert asked.is_success, asked.text

    async def is_refunded() -> bool:
        payment = (await admin.get(f"/admin/payments/{life.payment_id}")).json()
        return [refund["status"] for refund in payment["refunds"]] == ["succeeded"]

    await eventually(is_refunded)
    refunds = await reporting.get("/v1/refunds", payment_intent=first)
    assert [refund["amount"] for refund in refunds["data"]] == [500]

    await charge_back(life, reporting, second)

    async def is_charged_back() -> bool:
        return "charged_back" in (await life.book()).timeline

    await eventually(is_charged_back)


async def charge_back(life: Life, fake: LocalStripe, intent_id: str) -> None:
    """As Stripe reports it: localstripe has no disputes."""
    dispute = {"id": "dp_1", "amount": PRICE, "currency": "eur", "payment_intent": intent_id}
    event: dict[str, Any] = {
        "id": f"evt_{uuid.uuid4().hex}",
        "type": "charge.dispute.funds_withdrawn",
        "created": int(time.time()),
        "livemode": False,
        "data": {"object": dispute},
    }
    body = json.dumps(event).encode()
    headers = {
        "Content-Type": "application/json",
        "Stripe-Signature": sign(fake.webhook_secret, body, event["created"]),
    }
    for told in ({"ok": True}, {"ok": True, "duplicate": True}):
        answer = await life.world.http.post("/payments/webhook/stripe", content=body, headers=headers)
        assert (answer.status_code, answer.json()) == (200, told)


async def test_a_customer_who_confirms_is_let_in_by_the_report(
    world: World, reporting: LocalStripe, student: Student
) -> None:
    life = await begin(world, student, await reporting.card(ASKS))

    async def waits() -> list[str]:
        assert (await life.book()).payments == ["pending"]
        return await references(life)

    [intent_id] = await eventually(waits)
    await reporting.authenticate(intent_id, success=True)
    await life.becomes("active")
    await life.applies_reports(1)
    assert (await life.book()).payments == ["succeeded"]


async def test_a_decline_is_told_at_once_and_by_the_report(
    world: World, reporting: LocalStripe, student: Student
) -> None:
    life = await begin(world, student, await reporting.card(DECLINED))
    await life.applies_reports(1)

    book = await life.book()
    assert (book.status, book.payments) == ("incomplete", ["failed"])
    assert book.timeline.count("payment_declined") == 1


async def test_a_card_is_kept_once_for_its_owner_alone(reporting: LocalStripe, student: Student) -> None:
    offered = {"provider": "stripe", "token": await reporting.card(GOOD)}
    first = await student.post("/me/payment-methods", offered)
    again = await student.post("/me/payment-methods", offered)
    thief = await Student.signup(student.http)

    assert first.is_success, first.text
    assert first.json()["id"] == again.json()["id"]
    assert (first.json()["brand"], first.json()["last4"]) == ("visa", "4242")
    assert refusal(await thief.post("/me/payment-methods", offered)) == (422, "payment_method_invalid")
    for token in ("pm_of_nobody", "tok_ok", "cus_1/pm_1", "pm_1/../../customers"):
        answer = await thief.post("/me/payment-methods", offered | {"token": token})
        assert refusal(answer) == (422, "payment_method_invalid"), token
