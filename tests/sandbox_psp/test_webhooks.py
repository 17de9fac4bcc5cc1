"""Reports: one for each charge that is settled, until it is taken, however badly they are made to travel."""

import asyncio
from typing import Any

from payments.signed_webhook import parse
from tests.deadline import eventually
from tests.psp import SandboxPsp
from tests.sandbox_psp.requests import a_body, a_key, charge
from tests.webhook_receiver import WebhookReceiver


async def reports_of(
    psp: SandboxPsp, receiver: WebhookReceiver, charged: dict[str, Any]
) -> list[dict[str, Any]]:
    """All of them, once nothing is on its way any more."""

    async def nothing_is_pending() -> bool:
        return await psp.pending(charged["subscription_id"]) == 0

    await eventually(nothing_is_pending)
    return receiver.taken_of(charged["payment_id"])


async def test_each_settled_charge_is_reported_once(psp: SandboxPsp, receiver: WebhookReceiver) -> None:
    paid, declined = await charge(psp, "tok_ok"), await charge(psp, "tok_stolen")

    [success] = await reports_of(psp, receiver, paid)
    [failure] = await reports_of(psp, receiver, declined)

    told = {"provider": "sandbox", "amount_cents": 1990, "currency": "EUR"}
    assert success == told | {
        "payment_id": paid["payment_id"],
        "status": "SUCCEEDED",
        "event_id": success["event_id"],
        "occurred_at": success["occurred_at"],
    }
    assert failure == told | {
        "payment_id": declined["payment_id"],
        "status": "FAILED",
        "event_id": failure["event_id"],
        "occurred_at": failure["occurred_at"],
        "decline_code": "stolen_card",
    }
    assert success["event_id"] != failure["event_id"]


async def test_the_product_understands_a_report(psp: SandboxPsp, receiver: WebhookReceiver) -> None:
    declined = await charge(psp, "tok_insufficient_funds")
    await reports_of(psp, receiver, declined)

    [body] = receiver.bodies_of(declined["payment_id"])
    report = parse(body)

    assert (report.provider, report.payment_id, report.fact.status, report.fact.amount_cents) == (
        "sandbox",
        declined["payment_id"],
        "FAILED",
        1990,
    )
    assert report.decline_code == "insufficient_funds"


async def test_a_report_may_come_before_the_answer(psp: SandboxPsp, receiver: WebhookReceiver) -> None:
    body = a_body("tok_slow")
    charging = asyncio.create_task(psp.post("/v1/charges", body, key=a_key()))

    async def is_reported() -> bool:
        return len(receiver.taken_of(body["payment_id"])) == 1

    await eventually(is_reported)
    assert not charging.done()
    assert (await charging).json()["status"] == "succeeded"


async def test_a_pending_charge_is_reported_when_it_is_completed(
    psp: SandboxPsp, receiver: WebhookReceiver
) -> None:
    waiting, unasked, canceled = [
        await charge(psp, token) for token in ("tok_3ds", "tok_3ds_fail", "tok_3ds")
    ]
    assert await psp.pending(waiting["subscription_id"]) == 0
    assert await psp.pending(unasked["subscription_id"]) == 1
    assert await reports_of(psp, receiver, waiting) == []

    await psp.complete_action(waiting["id"], "succeeded")
    await psp.post(f"/v1/charges/by-key/{canceled['idempotency_key']}/cancel")

    assert [one["status"] for one in await reports_of(psp, receiver, waiting)] == ["SUCCEEDED"]
    assert [one["status"] for one in await reports_of(psp, receiver, unasked)] == ["FAILED"]
    assert await reports_of(psp, receiver, canceled) == []


async def test_a_repeated_charge_is_not_reported_again(psp: SandboxPsp, receiver: WebhookReceiver) -> None:
    paid = await charge(psp, "tok_ok")
    fields = ("payment_id", "subscription_id", "method_token", "amount_cents", "currency")
    body = {field: paid[field] for field in fields}
    await psp.post("/v1/charges", body, key=paid["idempotency_key"])

    assert len(await reports_of(psp, receiver, paid)) == 1


async def test_a_report_is_repeated_until_it_is_taken(
    own_psp: SandboxPsp, own_receiver: WebhookReceiver
) -> None:
    own_receiver.status = 503
    paid = await charge(own_psp, "tok_ok")

    async def refused_twice() -> bool:
        return len(own_receiver.refused) >= 2

    await eventually(refused_twice)
    assert await own_psp.pending(paid["subscription_id"]) == 1
    await own_receiver.close()
    await own_receiver.open()
    own_receiver.status = 200

    [taken] = await reports_of(own_psp, own_receiver, paid)
    assert [taken] * len(own_receiver.refused) == own_receiver.refused, "every attempt says the same"


async def test_reports_come_twice_late_and_in_another_order(
    own_psp: SandboxPsp, own_receiver: WebhookReceiver
) -> None:
    await own_psp.webhooks(duplicates=2, delay_seconds=1, shuffle=True)
    made = [await charge(own_psp, "tok_ok", subscription_id=1) for _ in range(8)]
    assert await own_psp.pending(1) > 0

    await reports_of(own_psp, own_receiver, made[0])

    order = [report["payment_id"] for report in own_receiver.taken]
    paid = [one["payment_id"] for one in made]
    assert sorted(order) == sorted(paid * 3)
    assert order != sorted(order)
    assert len({report["event_id"] for report in own_receiver.taken}) == 8, "a duplicate is the same event"


async def test_a_lost_attempt_is_repeated_and_a_muted_event_never_told(
    own_psp: SandboxPsp, own_receiver: WebhookReceiver
) -> None:
    await own_psp.webhooks(drop_first=3)
    lost = await charge(own_psp, "tok_ok")
    assert len(await reports_of(own_psp, own_receiver, lost)) == 1

    await own_psp.webhooks(muted=True)
    muted = await charge(own_psp, "tok_ok")
    await own_psp.webhooks()
    told = await charge(own_psp, "tok_ok")

    assert len(await reports_of(own_psp, own_receiver, told)) == 1
    assert await reports_of(own_psp, own_receiver, muted) == []


async def test_switches_that_make_no_sense_are_refused(psp: SandboxPsp) -> None:
    for switches in ({"duplicates": -1}, {"delay_seconds": -1}, {"shuffle": True}, {"lost": 3}):
        assert (await psp.post("/v1/control/webhooks", switches)).status_code == 422, switches
