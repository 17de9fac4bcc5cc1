"""What a signed report may look like. Whatever is refused is not stored."""

import json
import uuid
from datetime import datetime
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from db.database import Database
from tests.client import Student, refusal, send_raw_webhook
from tests.lives import Life
from tests.stack import WEBHOOK_SECRET

LARGEST_BODY = 64 * 1024
NOBODY_S = 9_000_000_000_000_000_000


async def stored(database: Database) -> int:
    """But for the sandbox, which may still report what earlier tests have paid by it."""
    query = text("SELECT count(*) FROM webhook_inbox WHERE provider <> 'sandbox'")
    async with database.read() as connection:
        count: int = (await connection.execute(query)).scalar_one()
        return count


async def send(http: httpx2.AsyncClient, body: bytes) -> httpx2.Response:
    return await send_raw_webhook(http, body, secret=WEBHOOK_SECRET)


def body_with(**changes: Any) -> bytes:
    """A good report of a payment that nobody has, changed; a field that becomes `...` is left out."""
    fields = {"payment_id": NOBODY_S, "status": "SUCCEEDED", "provider": "mock"} | changes
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


async def test_what_is_not_json(http: httpx2.AsyncClient, database: Database) -> None:
    before = await stored(database)
    for body in (
        b"",
        b"payment_id=1&status=SUCCEEDED",
        body_with()[:-1],
        body_with() + b"}",
        b"\x00",
        body_with().replace(b"mock", b"mo\x00ck"),
        body_with().replace(b"mock", b"\xff\xfe"),
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[" * LARGEST_BODY,
        body_with(event_id="\ud800"),
    ):
        assert refusal(await send(http, body)) == (400, "invalid_json"), body[:50]
    assert await stored(database) == before


async def test_what_is_not_a_report(http: httpx2.AsyncClient, database: Database) -> None:
    before = await stored(database)
    for body in (
        b"null",
        b"[]",
        b'"SUCCEEDED"',
        b"{}",
        *(body_with(payment_id=value) for value in (..., None, 0, -1, 2**63, 10**400, "1", 1.0, True, [1])),
        *(body_with(payment_id=value) for value in (float("nan"), float("inf"), float("-inf"))),
        *(body_with(provider=value) for value in (..., None, "stripe", "MOCK", "mock ", "mo\x00ck", 1)),
        *(body_with(status=value) for value in (..., None, 1, ["SUCCEEDED"], "S" * 5_000)),
        *(body_with(amount_cents=value) for value in (-1, 2**63, 10**400, 19.9, "1990", float("nan"))),
        *(body_with(currency=value) for value in ("eur", "EURO", "", "E\x00R", 978)),
        *(body_with(event_id=value) for value in ("", "a b", "e\x00", "x" * 201, 1)),
        *(body_with(occurred_at=value) for value in ("today", "2026-01-01T00:00:00", "", float("inf"))),
        *(body_with(decline_code=value) for value in ("", "x" * 201, "a\x00b", "not\nenough")),
        *(
            body_with(**{field: "1"})
            for field in ("user_id", "amount", "role", "subscription_id", "__class__")
        ),
    ):
        answer = await send(http, body)
        assert refusal(answer) == (422, "invalid_payload"), body[:200]
        assert len(answer.content) < 500
    assert await stored(database) == before


@pytest.mark.parametrize("status", ["succeeded", "PENDING", "REFUNDED", "", "\x00"])
async def test_a_status_that_we_do_not_know(
    http: httpx2.AsyncClient, database: Database, status: str
) -> None:
    before = await stored(database)

    assert refusal(await send(http, body_with(status=status))) == (422, "unsupported_status")
    assert await stored(database) == before


async def test_the_largest_body_is_read_and_one_byte_more_is_not(http: httpx2.AsyncClient) -> None:
    largest = body_with().ljust(LARGEST_BODY)

    answer = await send(http, largest)
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "ignored": True})
    assert refusal(await send(http, largest + b" ")) == (413, "body_too_large")
    assert refusal(await send(http, b"x" * 5_000_000)) == (413, "body_too_large")


async def test_only_json_is_read(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/payments/webhook", content=body_with(), headers={"Content-Type": "text/plain"})

    assert refusal(answer) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "occurred_at",
    [
        "2026-03-01T12:00:00Z",
        "2026-03-01T12:00:00.123456+05:30",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ],
)
async def test_it_may_have_happened_at_any_instant(unpaid: Life, support: Student, occurred_at: str) -> None:
    await unpaid.report("SUCCEEDED", occurred_at=occurred_at)

    await unpaid.becomes("active")
    [shown] = (await support.get("/admin/webhooks", payment_id=unpaid.payment_id)).json()["items"]
    assert datetime.fromisoformat(shown["occurred_at"]) == datetime.fromisoformat(occurred_at)


@pytest.mark.parametrize("occurred_at", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
async def test_an_instant_that_no_program_could_read_again_is_refused(
    http: httpx2.AsyncClient, database: Database, occurred_at: str
) -> None:
    """In UTC it is in the year 0, or 10000."""
    before = await stored(database)

    assert refusal(await send(http, body_with(occurred_at=occurred_at))) == (422, "invalid_payload")
    assert await stored(database) == before


@pytest.mark.parametrize(("status", "becomes"), [("FAILED", "failed"), ("SUCCEEDED", "succeeded")])
async def test_the_largest_numbers_are_numbers(unpaid: Life, status: str, becomes: str) -> None:
    event = uuid.uuid4().hex.ljust(200, "x")
    await unpaid.report(status, amount_cents=2**63 - 1, event_id=event, decline_code="x" * 200)
    await unpaid.applies_reports(1)

    assert (await unpaid.book()).payments == [becomes]


async def test_json_may_be_laid_out_in_any_way(unpaid: Life) -> None:
    report = {"provider": "mock", "status": "SUCCEEDED", "payment_id": unpaid.payment_id, "event_id": None}
    body = b"\n\t" + json.dumps(report, indent=8).encode() + b"\r\n"

    answer = await send(unpaid.world.http, body)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    await unpaid.becomes("active")
