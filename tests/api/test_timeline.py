"""Everything that ever happened to a subscription: who, why, how much, when, and by which request."""

import json
import uuid
from datetime import datetime
from typing import Any

import pytest

from tests.client import Student, new_trace, refusal, sign
from tests.lives import Life

A_PAYMENT = {"amount_cents": 1_990, "currency": "EUR"}


async def report(life: Life, status: str, headers: dict[str, str]) -> None:
    body = json.dumps({"payment_id": life.payment_id, "status": status, "provider": "mock"}).encode()
    signed = {"Content-Type": "application/json", "X-Signature": sign(body, life.world.stack.webhook_secret)}
    answer = await life.world.http.post("/payments/webhook", content=body, headers=signed | headers)
    assert answer.status_code == 200, answer.text


async def entries(reader: Student, path: str, limit: int = 100) -> list[dict[str, Any]]:
    """All pages together."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while cursor is not None or not found:
        answer = await reader.get(path, limit=limit, **({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        assert 0 < len(answer.json()["items"]) <= limit
        found += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
    return found


async def test_a_whole_life_with_the_trace_of_each_request(
    unpaid: Life, admin: Student, support: Student
) -> None:
    student = unpaid.student
    declined, paid, canceled = new_trace(), new_trace(), new_trace()
    await report(unpaid, "FAILED", declined[1])
    await unpaid.applies_reports(1)
    await report(unpaid, "SUCCEEDED", paid[1])
    await unpaid.becomes("active")
    path = f"/subscriptions/{unpaid.subscription_id}"
    body = {"at_period_end": False, "reason": "I know enough Italian"}
    assert (await student.post(f"{path}/cancel", body, headers=canceled[1])).status_code == 200

    told = await entries(student, f"{path}/timeline")
    [invoice] = (await student.get("/invoices")).json()["items"]
    about = {"invoice_id": invoice["id"], "payment_id": unpaid.payment_id, **A_PAYMENT}
    assert [{**entry, "id": 0, "occurred_at": ""} for entry in told] == [
        {"id": 0, "occurred_at": "", "note": None, **expected}
        for expected in (
            {
                "event": "opened",
                "actor": f"user:{student.id}",
                "cause": "asked for",
                "details": about,
                "version": 1,
                "trace_id": told[0]["trace_id"],
            },
            {
                "event": "payment_declined",
                "actor": "provider:mock",
                "cause": told[1]["cause"],
                "details": about | {"code": "declined"},
                "version": 2,
                "trace_id": declined[0],
            },
            {
                "event": "activated",
                "actor": "provider:mock",
                "cause": told[2]["cause"],
                "details": about,
                "version": 3,
                "trace_id": paid[0],
            },
            {
                "event": "canceled",
                "actor": f"user:{student.id}",
                "cause": "asked for",
                "note": "I know enough Italian",
                "details": {},
                "version": 4,
                "trace_id": canceled[0],
            },
        )
    ]
    assert all(entry["cause"].startswith("payment report ") for entry in told[1:3])
    times = [datetime.fromisoformat(entry["occurred_at"]) for entry in told]
    assert times == sorted(times)
    assert told[3]["occurred_at"] == (await student.get(path)).json()["ended_at"]
    for staff in (admin, support):
        assert await entries(staff, f"/admin{path}/timeline") == told


async def test_a_start_is_told_with_its_trace(student: Student) -> None:
    trace_id, header = new_trace()
    started = await student.post(
        "/subscriptions/start", {"plan_code": "P30D"}, key=uuid.uuid4().hex, headers=header
    )

    [opened] = await entries(student, f"/subscriptions/{started.json()['subscription_id']}/timeline")
    assert (opened["event"], opened["trace_id"]) == ("opened", trace_id)


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_page_by_page_it_is_the_same(active: Life, admin: Student, limit: int) -> None:
    await active.post("cancel")
    path = f"/subscriptions/{active.subscription_id}/timeline"
    whole = await entries(active.student, path)

    assert [entry["event"] for entry in whole] == ["opened", "activated", "cancel_scheduled"]
    assert await entries(active.student, path, limit) == whole
    assert await entries(admin, f"/admin{path}", limit) == whole


async def test_a_later_entry_comes_after_the_page_that_was_read(active: Life) -> None:
    path = f"/subscriptions/{active.subscription_id}/timeline"
    first = (await active.student.get(path, limit=1)).json()
    await active.post("cancel")

    rest = (await active.student.get(path, cursor=first["next_cursor"])).json()
    assert [entry["event"] for entry in rest["items"]] == ["activated", "cancel_scheduled"]
    assert rest["next_cursor"] is None


async def test_a_cursor_that_no_page_gave_out(unpaid: Life, admin: Student) -> None:
    path = f"/subscriptions/{unpaid.subscription_id}/timeline"

    assert refusal(await unpaid.student.get(path, cursor="first")) == (422, "invalid_cursor")
    assert refusal(await admin.get(f"/admin{path}", cursor="first")) == (422, "invalid_cursor")
