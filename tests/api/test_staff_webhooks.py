"""The webhook inbox, for staff: what came and what became of it, and having it judged again."""

import json
import uuid
from typing import Any

import httpx2
from sqlalchemy import text

from tests.client import Student, refusal, send_raw_webhook, send_webhook
from tests.deadline import eventually
from tests.lives import Life, World
from tests.stack import WEBHOOK_SECRET

PRICE = 1_990
LOOKED = {"reason": "the bank confirms that the rest came by another way"}


async def of_payment(staff: Student, payment_id: int, **only: str | int) -> list[dict[str, Any]]:
    """The newest first."""
    answer = await staff.get("/admin/webhooks", payment_id=payment_id, **only)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def replay(admin: Student, webhook_id: int, **headers: str) -> httpx2.Response:
    return await admin.post(f"/admin/webhooks/{webhook_id}/replay", LOOKED, headers=headers)


async def parked(life: Life, admin: Student) -> dict[str, Any]:
    """A cent too little came."""
    await life.report("SUCCEEDED", amount_cents=PRICE - 1, event_id=uuid.uuid4().hex)
    await life.applies_reports(1)
    [found] = await of_payment(admin, life.payment_id)
    return found


async def put_it_right(life: Life) -> None:
    """The amount had been read wrongly."""
    async with life.world.database.transaction() as connection:
        query = text("UPDATE webhook_inbox SET amount_cents = amount_cents + 1 WHERE payment_id = :payment")
        await connection.execute(query, {"payment": life.payment_id})


async def test_one_is_shown_whole(unpaid: Life, admin: Student, support: Student) -> None:
    event_id = uuid.uuid4().hex
    body = json.dumps(
        {"payment_id": unpaid.payment_id, "status": "SUCCEEDED", "provider": "mock", "event_id": event_id}
    ).encode()
    assert (await send_raw_webhook(unpaid.world.http, body, secret=WEBHOOK_SECRET)).status_code == 200
    await unpaid.applies_reports(1)
    [listed] = await of_payment(support, unpaid.payment_id)

    shown = (await support.get(f"/admin/webhooks/{listed['id']}")).json()

    assert shown == listed | {"raw_body": body.decode(), "replays": []}
    assert shown | {"id": 0, "received_at": "", "applied_at": "", "trace_id": "", "deliveries": 0} == {
        "id": 0,
        "provider": "mock",
        "fact_key": f"event:{event_id}",
        "payment_id": unpaid.payment_id,
        "subscription_id": unpaid.subscription_id,
        "reported_status": "SUCCEEDED",
        "amount_cents": None,
        "currency": None,
        "decline_code": None,
        "status": "applied",
        "parked_reason": None,
        "last_failure": None,
        "deliveries": 0,
        "next_delivery_at": None,
        "occurred_at": None,
        "received_at": "",
        "applied_at": "",
        "trace_id": "",
        "raw_body": body.decode(),
        "replays": [],
    }
    assert refusal(await replay(admin, shown["id"])) == (409, "report_already_applied")


async def test_the_list_is_filtered_and_paged(unpaid: Life, support: Student) -> None:
    for amount_cents in (1, 2, 3):
        await unpaid.report("SUCCEEDED", amount_cents=amount_cents, event_id=uuid.uuid4().hex)
    await unpaid.report("FAILED")
    await unpaid.applies_reports(4)
    of_it = unpaid.payment_id

    assert [report["status"] for report in await of_payment(support, of_it)] == ["applied", *["parked"] * 3]
    assert [report["amount_cents"] for report in await of_payment(support, of_it, status="parked")] == [
        3,
        2,
        1,
    ]
    assert len(await of_payment(support, of_it, provider="mock")) == 4
    assert await of_payment(support, of_it, provider="sandbox") == []
    pages: list[list[int | None]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await support.get("/admin/webhooks", payment_id=of_it, limit=3, **cursor)).json()
        pages.append([report["amount_cents"] for report in page["items"]])
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert pages == [[None, 3, 2], [1]]


async def test_what_cannot_be_asked_for(support: Student) -> None:
    for wrong in ({"status": "lost"}, {"provider": "a b"}, {"provider": ""}, {"payment_id": 0}):
        assert refusal(await support.get("/admin/webhooks", **wrong)) == (422, "validation_failed"), wrong
    assert refusal(await support.get("/admin/webhooks", cursor="x")) == (422, "invalid_cursor")


async def test_what_was_parked_is_judged_again_and_parked_again_while_nothing_has_changed(
    unpaid: Life, admin: Student
) -> None:
    found = await parked(unpaid, admin)
    assert (found["status"], found["parked_reason"]) == ("parked", "amount_mismatch")

    again = await replay(admin, found["id"])

    assert (again.status_code, again.json()["status"]) == (200, "received")
    await unpaid.applies_reports(1)
    shown = (await admin.get(f"/admin/webhooks/{found['id']}")).json()
    assert (shown["status"], shown["parked_reason"]) == ("parked", "amount_mismatch")
    [told] = shown["replays"]
    assert told | {"replayed_at": ""} == {
        "actor": f"user:{admin.id}",
        "reason": LOOKED["reason"],
        "was_status": "parked",
        "was_parked_for": "amount_mismatch",
        "replayed_at": "",
    }
    assert (await unpaid.book()).status == "incomplete"


async def test_it_has_its_effect_once_what_kept_it_is_mended(unpaid: Life, admin: Student) -> None:
    found = await parked(unpaid, admin)
    await put_it_right(unpaid)

    assert (await replay(admin, found["id"])).status_code == 200

    await unpaid.becomes("active")
    book = await unpaid.book()
    assert (book.payments, book.reports) == (["succeeded"], ["applied"])
    assert refusal(await replay(admin, found["id"])) == (409, "report_already_applied")
    assert await unpaid.book() == book


async def test_one_key_replays_once(unpaid: Life, admin: Student) -> None:
    found = await parked(unpaid, admin)
    key = {"Idempotency-Key": uuid.uuid4().hex}
    first = await replay(admin, found["id"], **key)
    await unpaid.applies_reports(1)

    again = await replay(admin, found["id"], **key)

    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert len((await admin.get(f"/admin/webhooks/{found['id']}")).json()["replays"]) == 1


async def ignored(world: World, payment_id: int, admin: Student) -> int:
    sent = await send_webhook(world.http, WEBHOOK_SECRET, payment_id)
    assert sent.json() == {"ok": True, "ignored": True}
    webhook_id: int = (await of_payment(admin, payment_id))[0]["id"]
    return webhook_id


async def take_over(life: Life, webhook_id: int) -> None:
    """As if its payment had come back, with a backup that was restored, after the webhook."""
    async with life.world.database.transaction() as connection:
        query = text("UPDATE webhook_inbox SET payment_id = :payment WHERE id = :id")
        await connection.execute(query, {"payment": life.payment_id, "id": webhook_id})


async def test_a_payment_that_is_known_by_now_takes_what_was_ignored(
    world: World, unpaid: Life, admin: Student
) -> None:
    webhook_id = await ignored(world, 5 * 10**18, admin)
    assert refusal(await replay(admin, webhook_id)) == (409, "report_without_payment")
    await take_over(unpaid, webhook_id)

    assert (await replay(admin, webhook_id)).status_code == 200

    await unpaid.becomes("active")
    assert (await unpaid.book()).reports == ["applied"]


async def test_what_was_told_again_since_counts_instead(world: World, unpaid: Life, admin: Student) -> None:
    """Its fact is stored already: two of them would be one too many."""
    webhook_id = await ignored(world, 5 * 10**18 + 1, admin)
    await take_over(unpaid, webhook_id)
    async with world.database.transaction() as connection:
        query = text("UPDATE webhook_inbox SET fact_key = :fact WHERE id = :id")
        fact = f"fact:{unpaid.payment_id}:SUCCEEDED::"
        await connection.execute(query, {"fact": fact, "id": webhook_id})
    await unpaid.pay()

    assert refusal(await replay(admin, webhook_id)) == (409, "report_repeated")

    assert sorted((await unpaid.book()).reports) == ["applied", "ignored"]
    assert (await admin.get(f"/admin/webhooks/{webhook_id}")).json()["replays"] == []


async def test_a_body_of_any_bytes_is_text(unpaid: Life, support: Student) -> None:
    await unpaid.report("FAILED")
    [found] = await of_payment(support, unpaid.payment_id)
    async with unpaid.world.database.transaction() as connection:
        query = text("UPDATE webhook_inbox SET raw_body = :raw WHERE id = :id")
        await connection.execute(query, {"raw": b"\x00\xff\x1b[2J" + b"x" * 70_000, "id": found["id"]})

    shown = (await support.get(f"/admin/webhooks/{found['id']}")).json()

    assert shown["raw_body"].startswith("\x00\ufffd\x1b[2Jxxx")
    assert len(shown["raw_body"]) == 65_536


async def test_a_reason_is_needed(admin: Student) -> None:
    for body in ({}, {"reason": ""}, {"reason": "x" * 501}, {"reason": None}):
        answer = await admin.post("/admin/webhooks/1/replay", body)
        assert refusal(answer) == (422, "validation_failed"), body


async def test_replays_at_once_are_one_effect(unpaid: Life, admin: Student) -> None:
    found = await parked(unpaid, admin)
    await put_it_right(unpaid)

    async def again() -> bool:
        await replay(admin, found["id"])
        return (await unpaid.book()).status == "active"

    await eventually(again)
    await unpaid.is_quiet()
    book = await unpaid.book()
    assert book.timeline.count("activated") == 1
    assert book.balances["cash_at_provider"] == PRICE
