"""Who may report a payment: only who signs these very bytes, with a secret in use, now."""

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack

import httpx2
import pytest
from pydantic import SecretStr

from api.app import create_app
from cli.dev.temporal import EmbeddedTemporal
from payments.signed_webhook import sign
from tests.api.shell import client_of
from tests.client import refusal
from tests.deadline import eventually
from tests.lives import Life
from tests.stack import WEBHOOK_SECRET, settings_for

OLD_SECRET = "whsec-before-the-rotation"
Headers = Sequence[tuple[str, str | bytes]]
StartApi = Callable[..., Awaitable[httpx2.AsyncClient]]


def body_for(life: Life, status: str = "SUCCEEDED") -> bytes:
    return json.dumps({"payment_id": life.payment_id, "status": status, "provider": "mock"}).encode()


async def send(http: httpx2.AsyncClient, body: bytes, *headers: tuple[str, str | bytes]) -> httpx2.Response:
    raw = [(name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in headers]
    raw.append((b"Content-Type", b"application/json"))
    return await http.post("/payments/webhook", content=body, headers=raw)


async def assert_nothing_came_of_it(life: Life) -> None:
    book = await life.book()
    assert (book.status, book.payments, book.reports) == ("incomplete", ["pending"], [])


async def test_a_signed_report_is_taken(unpaid: Life) -> None:
    body = body_for(unpaid)
    answer = await send(unpaid.world.http, body, ("X-Signature", sign(WEBHOOK_SECRET, body)))

    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    await unpaid.becomes("active")


async def test_without_a_signature(unpaid: Life) -> None:
    answer = await send(unpaid.world.http, body_for(unpaid))

    assert refusal(answer) == (401, "signature_missing")
    await assert_nothing_came_of_it(unpaid)


async def test_a_signature_of_any_other_form_or_secret(unpaid: Life) -> None:
    body = body_for(unpaid)
    right = sign(WEBHOOK_SECRET, body)
    wrong: list[str | bytes] = [
        "",
        "sha256=",
        right[7:],
        right.upper(),
        "sha256=" + right[7:].upper(),
        right.replace("sha256", "sha512"),
        right[:-1],
        right + "0",
        right[:-1] + ("0" if right[-1] != "0" else "1"),
        f"{right}, {right}",
        f'"{right}"',
        "sha256=" + "é" * 64,
        b"sha256=" + b"\xff" * 64,
        "sha256=" + "0" * 8_000,
        sign("whsec-of-somebody-else", body),
        sign("", body),
    ]
    for signature in wrong:
        answer = await send(unpaid.world.http, body, ("X-Signature", signature))
        assert refusal(answer) == (401, "signature_invalid"), signature
        assert right[7:] not in answer.text
    await assert_nothing_came_of_it(unpaid)


async def test_two_signatures_are_none(unpaid: Life) -> None:
    body = body_for(unpaid)
    right, wrong = ("X-Signature", sign(WEBHOOK_SECRET, body)), ("X-Signature", "sha256=" + "0" * 64)

    for pair in ((right, right), (right, wrong), (wrong, right)):
        assert refusal(await send(unpaid.world.http, body, *pair)) == (401, "signature_invalid")
    await assert_nothing_came_of_it(unpaid)


async def test_an_altered_body(unpaid: Life) -> None:
    body = body_for(unpaid, "FAILED")
    signature = ("X-Signature", sign(WEBHOOK_SECRET, body))

    for altered in (
        body.replace(b"FAILED", b"SUCCEEDED"),
        body + b" ",
        b"\n" + body,
        body.replace(b": ", b":"),
        json.dumps(json.loads(body), sort_keys=True, indent=1).encode(),
        b"",
    ):
        assert refusal(await send(unpaid.world.http, altered, signature)) == (401, "signature_invalid")
    await assert_nothing_came_of_it(unpaid)


async def test_nothing_is_read_before_the_signature_holds(unpaid: Life) -> None:
    for body in (b"not json", b"[" * 10_000, b'{"payment_id": 0}'):
        answer = await send(unpaid.world.http, body, ("X-Signature", sign("whsec-of-somebody-else", body)))
        assert refusal(answer) == (401, "signature_invalid")


@pytest.mark.parametrize("seconds_off", [-290, 290])
async def test_a_timestamp_is_signed_with_the_body(unpaid: Life, seconds_off: int) -> None:
    body, timestamp = body_for(unpaid), str(int(time.time()) + seconds_off)

    answer = await send(
        unpaid.world.http,
        body,
        ("X-Signature", sign(WEBHOOK_SECRET, body, timestamp)),
        ("X-Timestamp", timestamp),
    )
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    await unpaid.becomes("active")


async def test_a_timestamp_that_is_not_the_signed_one(unpaid: Life) -> None:
    body, now = body_for(unpaid), str(int(time.time()))
    without, with_now = sign(WEBHOOK_SECRET, body), sign(WEBHOOK_SECRET, body, now)

    for headers in (
        [("X-Signature", without), ("X-Timestamp", now)],
        [("X-Signature", with_now)],
        [("X-Signature", with_now), ("X-Timestamp", str(int(now) - 1))],
        [("X-Signature", with_now), ("X-Timestamp", now), ("X-Timestamp", now)],
        [("X-Signature", with_now), ("X-Timestamp", f"{now}.0")],
        [("X-Signature", sign(WEBHOOK_SECRET, body, "soon")), ("X-Timestamp", "soon")],
    ):
        assert refusal(await send(unpaid.world.http, body, *headers)) == (401, "signature_invalid"), headers
    await assert_nothing_came_of_it(unpaid)


@pytest.mark.parametrize("seconds_off", [-310, 310, -(10**9)])
async def test_a_timestamp_of_another_hour(unpaid: Life, seconds_off: int) -> None:
    body, timestamp = body_for(unpaid), str(int(time.time()) + seconds_off)

    answer = await send(
        unpaid.world.http,
        body,
        ("X-Signature", sign(WEBHOOK_SECRET, body, timestamp)),
        ("X-Timestamp", timestamp),
    )
    assert refusal(answer) == (401, "signature_expired")
    await assert_nothing_came_of_it(unpaid)


@pytest.fixture
async def start_api(
    database_url: str, temporal_server: EmbeddedTemporal, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[StartApi]:
    """One more API on the shared engines, in the test's own process; keywords are settings."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    async with AsyncExitStack() as opened:

        async def start(**changed: object) -> httpx2.AsyncClient:
            settings = settings_for(database_url).model_copy(update=changed)
            return await opened.enter_async_context(client_of(create_app(settings)))

        yield start


async def test_both_secrets_are_good_during_a_rotation(unpaid: Life, start_api: StartApi) -> None:
    api = await start_api(webhook_secret_previous=SecretStr(OLD_SECRET))
    body = body_for(unpaid, "FAILED")

    by_the_old = await send(api, body, ("X-Signature", sign(OLD_SECRET, body)))
    by_the_new = await send(api, body, ("X-Signature", sign(WEBHOOK_SECRET, body)))
    by_another = await send(api, body, ("X-Signature", sign("whsec-of-somebody-else", body)))
    after_it = await send(unpaid.world.http, body, ("X-Signature", sign(OLD_SECRET, body)))

    assert (by_the_old.status_code, by_the_old.json()) == (200, {"ok": True})
    assert (by_the_new.status_code, by_the_new.json()) == (200, {"ok": True, "duplicate": True})
    assert refusal(by_another) == refusal(after_it) == (401, "signature_invalid")


@pytest.mark.parametrize("provider", ["mock", "sandbox"])
async def test_production_believes_neither_the_mock_nor_the_sandbox(
    unpaid: Life, start_api: StartApi, provider: str
) -> None:
    api = await start_api(environment="production")
    body = body_for(unpaid).replace(b"mock", provider.encode())

    unsigned = await send(api, body)
    signed = await send(api, body, ("X-Signature", sign(WEBHOOK_SECRET, body)))

    assert refusal(unsigned) == (401, "signature_missing")
    assert refusal(signed) == (422, "invalid_payload")
    assert provider in signed.json()["detail"]
    await assert_nothing_came_of_it(unpaid)


async def test_a_secret_that_was_emptied_is_not_a_secret(unpaid: Life, start_api: StartApi) -> None:
    api = await start_api(webhook_secret_previous=SecretStr(""))
    body = body_for(unpaid)

    assert refusal(await send(api, body, ("X-Signature", sign("", body)))) == (401, "signature_invalid")


async def test_what_was_accepted_once_stays_accepted(unpaid: Life) -> None:
    """A captured report can be sent again as it is, and changes nothing."""
    body = body_for(unpaid)
    signature = ("X-Signature", sign(WEBHOOK_SECRET, body))
    await send(unpaid.world.http, body, signature)
    await unpaid.becomes("active")
    book = await unpaid.book()

    again = await send(unpaid.world.http, body, signature)
    assert (again.status_code, again.json()) == (200, {"ok": True, "duplicate": True})

    async def nothing_waits() -> bool:
        return "received" not in (await unpaid.book()).reports

    await eventually(nothing_waits)
    assert await unpaid.book() == book
