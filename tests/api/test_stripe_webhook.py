"""What Stripe reports: taken when it is signed now, of our mode, and of a payment that is Stripe's."""

import json
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from api.app import create_app
from cli.dev.temporal import EmbeddedTemporal
from db.database import Database
from payments.stripe_webhook import sign
from tests.api.shell import client_of
from tests.client import refusal
from tests.lives import Life
from tests.local_stripe import LocalStripe
from tests.stack import settings_for

SECRET, OLD_SECRET = "whsec_of_this_test_alone", "whsec_before_the_rotation"
NOBODY_S = 9_000_000_000_000_000_000
LARGEST_BODY = 64 * 1024


@pytest.fixture(scope="module")
async def api(database_url: str, temporal_server: EmbeddedTemporal) -> AsyncIterator[httpx2.AsyncClient]:
    """One more API on the shared engines, in the test's own process; its Stripe is away."""
    settings = settings_for(database_url).model_copy(
        update={
            "stripe_api_key": SecretStr("sk_test_1"),
            "stripe_api_base": "http://127.0.0.1:1",
            "stripe_webhook_secret": SecretStr(SECRET),
            "stripe_webhook_secret_previous": SecretStr(OLD_SECRET),
        }
    )
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TEMPORAL_ADDRESS", temporal_server.address)
        async with client_of(create_app(settings)) as client:
            yield client


def event(kind: str = "payment_intent.succeeded", payment_id: int = NOBODY_S, **changes: Any) -> bytes:
    told = {
        "id": "pi_1",
        "status": "succeeded",
        "amount": 1990,
        "amount_received": 1990,
        "currency": "eur",
        "created": 1_767_225_600,
        "metadata": {"payment_id": str(payment_id)},
        "payment_intent": "pi_1",
    }
    fields = {
        "id": f"evt_{uuid.uuid4().hex}",
        "type": kind,
        "created": 1_767_225_600,
        "livemode": False,
        "data": {"object": told},
    }
    return json.dumps(fields | changes).encode()


async def send(
    http: httpx2.AsyncClient, body: bytes, *signatures: str | bytes, media_type: str = "application/json"
) -> httpx2.Response:
    """Signed now, unless told otherwise."""
    signed = signatures or (sign(SECRET, body, int(time.time())),)
    headers = [
        (b"Stripe-Signature", value if isinstance(value, bytes) else value.encode()) for value in signed
    ]
    headers.append((b"Content-Type", media_type.encode()))
    return await http.post("/payments/webhook/stripe", content=body, headers=headers)


async def stored(database: Database) -> int:
    """Of Stripe: the sandbox may still report what earlier tests have paid by it."""
    query = text("SELECT count(*) FROM webhook_inbox WHERE provider = 'stripe'")
    async with database.read() as connection:
        count: int = (await connection.execute(query)).scalar_one()
        return count


async def test_a_payment_that_is_not_ours_is_kept_and_ignored(
    api: httpx2.AsyncClient, database: Database
) -> None:
    before = await stored(database)
    answer = await send(api, event())

    assert (answer.status_code, answer.json()) == (200, {"ok": True, "ignored": True})
    assert await stored(database) == before + 1


async def test_what_says_nothing_of_a_payment_is_ignored_and_not_kept(
    api: httpx2.AsyncClient, database: Database
) -> None:
    before = await stored(database)
    for body in (event("charge.refunded"), event("of.next_year"), event(payment_id=0)):
        answer = await send(api, body)
        assert (answer.status_code, answer.json()) == (200, {"ok": True, "ignored": True})
    assert await stored(database) == before


async def test_who_may_report(api: httpx2.AsyncClient, database: Database) -> None:
    before, body, now = await stored(database), event(), int(time.time())
    right = sign(SECRET, body, now)
    json_alone = {"Content-Type": "application/json"}
    missing = await api.post("/payments/webhook/stripe", content=body, headers=json_alone)

    assert refusal(missing) == (401, "signature_missing")
    for wrong in (
        "",
        right.upper(),
        right[:-1],
        f"{right},{right}",
        f"{right}, v1={'0' * 64}",
        "t=1,v1=" + "0" * 20_000,
        "t=" + "9" * 5_000 + ",v1=" + "0" * 64,
        b"t=1,v1=" + b"\xff" * 64,
        sign("whsec_of_somebody_else", body, now),
        sign("", body, now),
        sign(SECRET, body + b" ", now),
        right.replace(f"t={now}", f"t={now - 1}"),
    ):
        answer = await send(api, body, wrong)
        assert refusal(answer) == (401, "signature_invalid"), wrong
        assert right[-64:] not in answer.text
    for altered in (body + b" ", b"\n" + body, json.dumps(json.loads(body), indent=1).encode(), b""):
        assert refusal(await send(api, altered, right)) == (401, "signature_invalid")
    assert refusal(await send(api, body, right, right)) == (401, "signature_invalid")
    assert await stored(database) == before


@pytest.mark.parametrize("seconds_off", [-310, 310, -(10**9)])
async def test_what_was_signed_at_another_time(api: httpx2.AsyncClient, seconds_off: int) -> None:
    body = event()

    answer = await send(api, body, sign(SECRET, body, int(time.time()) + seconds_off))
    assert refusal(answer) == (401, "signature_expired")


async def test_both_secrets_are_good_during_a_rotation(api: httpx2.AsyncClient) -> None:
    body, now = event("charge.refunded"), int(time.time())
    old, other = sign(OLD_SECRET, body, now), sign("whsec_of_somebody_else", body, now)

    assert (await send(api, body, old)).status_code == 200
    assert (await send(api, body, f"{other},{old.partition(',')[2]}")).status_code == 200


async def test_what_is_not_asked_for_is_not_read(
    http: httpx2.AsyncClient, database: Database, absent_stripe: LocalStripe, untouched: Life
) -> None:
    smuggled: dict[str, Any] = {
        "role": "admin",
        "user_id": 1,
        "status": "active",
        "provider": "mock",
        "amount_cents": 1,
    }
    before = await untouched.book()
    for body in (
        event(payment=untouched.payment_id, **smuggled),
        event("charge.refunded", **smuggled),
        event("\x00 of nothing"),
    ):
        answer = await send(http, body, sign(absent_stripe.webhook_secret, body, int(time.time())))
        assert (answer.status_code, answer.json()) == (200, {"ok": True, "ignored": True})
    assert await untouched.book() == before


async def test_money_of_another_kind_is_refused(api: httpx2.AsyncClient, database: Database) -> None:
    before = await stored(database)
    answer = await send(api, event(livemode=True))

    assert refusal(answer) == (422, "invalid_payload")
    assert "live mode" in answer.json()["detail"]
    assert await stored(database) == before


async def test_what_cannot_be_read(api: httpx2.AsyncClient, database: Database) -> None:
    before = await stored(database)
    for body in (b"", b"[" * LARGEST_BODY, b"\xff", event()[:-1], event().replace(b"pi_1", b"\x00")):
        assert refusal(await send(api, body)) == (400, "invalid_json"), body[:50]
    for body in (b"null", b"{}", event(id="1"), event(livemode=7), event(data={"object": {}})):
        answer = await send(api, body)
        assert refusal(answer) == (422, "invalid_payload"), body[:50]
        assert len(answer.content) < 500
    largest = event("charge.refunded").ljust(LARGEST_BODY)
    assert (await send(api, largest)).status_code == 200
    assert refusal(await send(api, largest + b" ")) == (413, "body_too_large")
    assert refusal(await send(api, event(), media_type="text/plain")) == (415, "unsupported_media_type")
    assert await stored(database) == before


async def test_a_flood_of_large_bodies_is_turned_away_before_it_is_hashed(
    api: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("payments.stripe_webhook.hmac.new")
    monkeypatch.setattr("payments.stripe_webhook.hmac.compare_digest", None)

    for path in ("/payments/webhook/stripe", "/payments/webhook"):
        headers = {"Content-Type": "application/json", "X-Signature": "sha256=" + "0" * 64}
        large = await api.post(path, content=b"x" * 5_000_000, headers=headers)
        assert refusal(large) == (413, "body_too_large")
        unsigned = await api.post(path, content=b"x", headers={"Content-Type": "application/json"})
        assert refusal(unsigned) == (401, "signature_missing")


async def test_a_dispute_waits_until_stripe_tells_whose_it_is(
    api: httpx2.AsyncClient, database: Database
) -> None:
    before = await stored(database)
    answer = await send(api, event("charge.dispute.funds_withdrawn"))

    assert refusal(answer) == (503, "payment_provider_unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert await stored(database) == before


async def test_where_there_is_no_stripe_nothing_is_believed(
    database_url: str, temporal_server: EmbeddedTemporal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    async with client_of(create_app(settings_for(database_url))) as without:
        for secret in ("", SECRET):
            body = event()
            answer = await send(without, body, sign(secret, body, int(time.time())))
            assert refusal(answer) == (401, "signature_invalid")


async def test_a_dispute_waits_while_only_the_secret_is_set(
    database_url: str, temporal_server: EmbeddedTemporal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    settings = settings_for(database_url).model_copy(update={"stripe_webhook_secret": SecretStr(SECRET)})
    async with client_of(create_app(settings)) as without_key:
        answer = await send(without_key, event("charge.dispute.funds_withdrawn"))

    assert refusal(answer) == (503, "payment_provider_unavailable")


async def test_a_payment_of_another_provider_is_not_stripe_s_to_report(
    http: httpx2.AsyncClient, database: Database, absent_stripe: LocalStripe, untouched: Life
) -> None:
    body = event(payment_id=untouched.payment_id)
    signature = sign(absent_stripe.webhook_secret, body, int(time.time()))

    answer = await send(http, body, signature)
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "ignored": True})
    assert (await untouched.book()).payments == ["pending"]
