"""No write of the document takes a field that is not its own, or text that no column holds."""

import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from db.database import Database
from ops.settings import Settings
from tests.api_description import Operation, operations
from tests.client import Student, refusal, send_raw_webhook
from tests.deadline import eventually
from tests.event_endpoint import NEW_ENDPOINT, endpoint_of_nobody
from tests.lives import Life
from tests.stack import WEBHOOK_SECRET
from tests.staff import hire, make_plan, make_promo_code, new_plan, new_promo_code

SMUGGLED = {
    "role": "admin",
    "is_admin": True,
    "user_id": 1,
    "id": 1,
    "price": 1,
    "price_cents": 1,
    "amount": 1,
    "discount": 100,
    "status": "active",
    "period_end": "2099-01-01T00:00:00Z",
    "current_period_end": "2099-01-01T00:00:00Z",
    "balance": 100_000,
    "access": {"allowed": True},
}

NOBODYS_ID = 2**63 - 1

TEXTS = {
    "POST /auth/signup": ["email", "password", "locale"],
    "POST /auth/login": ["email", "password"],
    "POST /auth/password": ["current", "new"],
    "POST /auth/password/reset-request": ["email"],
    "POST /auth/password/reset": ["token", "new"],
    "DELETE /auth/me": ["password"],
    "POST /admin/users/{user_id}/erase": ["reason"],
    "POST /subscriptions/start": ["plan_code", "promo_code", "gift_code"],
    "POST /subscriptions/{subscription_id}/redeem": ["gift_code"],
    "POST /gift-cards/balance": ["code"],
    "POST /admin/gift-cards": ["currency", "expires_at", "reason"],
    "POST /subscriptions/preview": ["plan_code", "promo_code", "gift_code"],
    "POST /subscriptions/{subscription_id}/cancel": ["reason"],
    "POST /subscriptions/{subscription_id}/freeze": ["until"],
    "POST /subscriptions/{subscription_id}/change-plan": ["plan_code", "when", "quote"],
    "POST /subscriptions/{subscription_id}/change-plan/preview": ["plan_code", "at", "when"],
    "POST /subscriptions/{subscription_id}/transfer": [],
    "POST /invoices/{invoice_id}/pay": [],
    "POST /me/payment-methods": ["provider", "token"],
    "POST /admin/subscriptions/{subscription_id}/clock": ["advance"],
    "POST /admin/subscriptions/{subscription_id}/cancel": ["reason"],
    "POST /admin/subscriptions/{subscription_id}/uncancel": ["reason"],
    "POST /admin/subscriptions/{subscription_id}/freeze": ["until", "reason"],
    "POST /admin/subscriptions/{subscription_id}/unfreeze": ["reason"],
    "POST /admin/subscriptions/{subscription_id}/withdraw": ["reason"],
    "POST /admin/subscriptions/{subscription_id}/change-plan": ["plan_code", "when", "quote", "reason"],
    "POST /admin/subscriptions/{subscription_id}/change-plan/preview": ["plan_code", "at", "when"],
    "POST /admin/subscriptions/{subscription_id}/redeem": ["gift_code", "reason"],
    "POST /admin/subscriptions/{subscription_id}/retry-payment": ["reason"],
    "POST /admin/users/{user_id}/disable": ["reason"],
    "POST /admin/users/{user_id}/enable": ["reason"],
    "POST /admin/users/{user_id}/subscriptions": ["plan_code", "promo_code", "gift_code", "reason"],
    "POST /admin/plans/{plan_code}/retire": ["reason"],
    "POST /admin/webhook-endpoints/{endpoint_id}/rotate-secret": ["reason"],
    "POST /admin/webhook-endpoints/{endpoint_id}/disable": ["reason"],
    "POST /admin/webhook-endpoints/{endpoint_id}/enable": ["reason"],
    "POST /admin/subscriptions/{subscription_id}/unpark": ["reason"],
    "POST /admin/payments/{payment_id}/refund": ["reason"],
    "POST /admin/invoices/{invoice_id}/refund": ["reason"],
    "POST /admin/plans": ["code", "name", "period_iso", "currency", "reason"],
    "POST /admin/plans/{plan_code}/prices": ["currency", "reason"],
    "POST /admin/plans/{plan_code}/dunning-policies": ["final_action", "reason"],
    "POST /admin/promo-codes": ["code", "currency", "duration", "valid_from", "valid_until", "reason"],
    "PATCH /admin/promo-codes/{promo_code}": ["currency", "duration", "valid_from", "valid_until", "reason"],
    "POST /admin/webhooks/{webhook_id}/replay": ["reason"],
    "POST /admin/webhook-endpoints": ["url", "description", "reason"],
    "PATCH /admin/webhook-endpoints/{endpoint_id}": ["url", "description", "reason"],
    "POST /admin/webhook-endpoints/{endpoint_id}/replay": ["since", "reason"],
    "POST /payments/webhook": ["status", "provider", "event_id", "currency", "decline_code"],
}
"""The fields of each write that are text."""

# Stripe's events are full of what is not ours. That it is not read is tested in test_stripe_webhook.py.
STRIPE_S_OWN = "POST /payments/webhook/stripe"
with_body = [o for o in operations() if "requestBody" in o.described and str(o) != STRIPE_S_OWN]
without_body = [o for o in operations() if o.is_write and "requestBody" not in o.described]


@pytest.fixture(scope="module")
async def admin(http: httpx2.AsyncClient, database: Database, settings: Settings) -> Student:
    """One for all of them: nothing is done to whoever asks for it."""
    return await hire(http, database, settings, "admin")


def good_body(operation: Operation, life: Life) -> dict[str, Any]:
    student = life.student
    bodies: dict[str, dict[str, Any]] = {
        "POST /auth/signup": {"email": f"{uuid.uuid4().hex}@italiano.example", "password": student.password},
        "POST /auth/login": {"email": student.email, "password": student.password},
        "POST /auth/password": {"current": student.password, "new": "cinque gatti sul tetto che scotta"},
        "POST /auth/password/reset-request": {"email": student.email},
        "POST /auth/password/reset": {"token": "none", "new": "cinque gatti sul tetto che scotta"},
        "DELETE /auth/me": {"password": "not this one"},
        "POST /admin/users/{user_id}/erase": {"reason": "asked"},
        "POST /subscriptions/start": {"plan_code": "P30D"},
        "POST /subscriptions/{subscription_id}/redeem": {"gift_code": "7G3K-0XQ9-M2VD-4TPA"},
        "POST /gift-cards/balance": {"code": "7G3K-0XQ9-M2VD-4TPA"},
        "POST /admin/gift-cards": {"amount_cents": 5_000, "currency": "EUR", "count": 1},
        "POST /subscriptions/preview": {"plan_code": "P30D"},
        "POST /subscriptions/{subscription_id}/cancel": {"at_period_end": False},
        "POST /subscriptions/{subscription_id}/freeze": {"until": "2099-01-01T00:00:00Z"},
        "POST /subscriptions/{subscription_id}/change-plan": {"plan_code": "P1Y"},
        "POST /subscriptions/{subscription_id}/change-plan/preview": {"plan_code": "P1Y"},
        "POST /subscriptions/{subscription_id}/transfer": {"user_id": NOBODYS_ID},
        "POST /invoices/{invoice_id}/pay": {"payment_method": {"provider": "sandbox", "token": "tok_ok"}},
        "POST /me/payment-methods": {"provider": "sandbox", "token": "tok_ok"},
        "POST /admin/subscriptions/{subscription_id}/clock": {"advance": "PT1H"},
        "POST /admin/subscriptions/{subscription_id}/cancel": {"reason": "asked"},
        "POST /admin/subscriptions/{subscription_id}/uncancel": {"reason": "asked"},
        "POST /admin/subscriptions/{subscription_id}/freeze": {
            "until": "2099-01-01T00:00:00Z",
            "reason": "asked",
        },
        "POST /admin/subscriptions/{subscription_id}/unfreeze": {"reason": "asked"},
        "POST /admin/subscriptions/{subscription_id}/withdraw": {"reason": "asked"},
        "POST /admin/subscriptions/{subscription_id}/change-plan": {"plan_code": "P1Y", "reason": "asked"},
        "POST /admin/subscriptions/{subscription_id}/change-plan/preview": {"plan_code": "P1Y"},
        "POST /admin/subscriptions/{subscription_id}/redeem": {
            "gift_code": "7G3K-0XQ9-M2VD-4TPA",
            "reason": "asked",
        },
        "POST /admin/subscriptions/{subscription_id}/retry-payment": {"reason": "asked"},
        "POST /admin/users/{user_id}/disable": {"reason": "asked"},
        "POST /admin/users/{user_id}/enable": {"reason": "asked"},
        "POST /admin/users/{user_id}/subscriptions": {"plan_code": "P30D", "reason": "asked"},
        "POST /admin/plans/{plan_code}/retire": {"reason": "asked"},
        "POST /admin/webhook-endpoints/{endpoint_id}/rotate-secret": {"reason": "asked"},
        "POST /admin/webhook-endpoints/{endpoint_id}/disable": {"reason": "asked"},
        "POST /admin/webhook-endpoints/{endpoint_id}/enable": {"reason": "asked"},
        "POST /admin/subscriptions/{subscription_id}/unpark": {"reason": "looked"},
        "POST /admin/payments/{payment_id}/refund": {"reason": "asked"},
        "POST /admin/invoices/{invoice_id}/refund": {"reason": "asked"},
        "POST /admin/plans": new_plan(),
        "POST /admin/plans/{plan_code}/prices": {"price_cents": 2_990, "currency": "EUR"},
        "POST /admin/plans/{plan_code}/dunning-policies": {"retry_days": [3]},
        "POST /admin/promo-codes": new_promo_code(),
        "PATCH /admin/promo-codes/{promo_code}": {"max_redemptions": 9},
        "POST /admin/webhooks/{webhook_id}/replay": {"reason": "looked"},
        "POST /admin/webhook-endpoints": NEW_ENDPOINT,
        "PATCH /admin/webhook-endpoints/{endpoint_id}": {"description": "bookkeeping"},
        "POST /admin/webhook-endpoints/{endpoint_id}/replay": {"since": "2026-03-01T00:00:00Z"},
        "POST /payments/webhook": {"payment_id": life.payment_id, "status": "SUCCEEDED", "provider": "mock"},
    }
    return bodies[str(operation)]


async def send(operation: Operation, life: Life, admin: Student, body: dict[str, Any]) -> httpx2.Response:
    http, path = life.world.http, await path_of(operation, life, admin)
    raw = json.dumps(body).encode()
    if path == "/payments/webhook":
        return await send_raw_webhook(http, raw, secret=WEBHOOK_SECRET)
    sender = admin if path.startswith("/admin/") else life.student
    headers = {"Content-Type": "application/json"} | sender.bearer
    if operation.method == "POST":
        headers["Idempotency-Key"] = uuid.uuid4().hex
    return await http.request(operation.method, path, content=raw, headers=headers)


async def path_of(operation: Operation, life: Life, admin: Student) -> str:
    """Its address for what is the student's own, or for a plan or a code that nobody else uses."""
    known = {
        "user_id": life.student.id,
        "payment_id": life.payment_id,
        "webhook_id": NOBODYS_ID,
        "method_id": 1,
    }
    made: dict[str, Callable[[], Awaitable[int | str]]] = {
        "plan_code": lambda: make_plan(admin),
        "promo_code": lambda: make_promo_code(admin),
        "endpoint_id": lambda: endpoint_of_nobody(admin),
    }
    _, opened, name = operation.path.partition("{")
    name, _, _ = name.partition("}")
    if name == "invoice_id":
        return operation.at((await life.student.get("/invoices")).json()["items"][0]["id"])
    if opened and name in made:
        return operation.at(await made[name]())
    return operation.at(known.get(name, life.subscription_id))


async def all_of(student: Student) -> list[Any]:
    """Everything that a user can see of themselves."""
    return [(await student.get(path)).json() for path in ("/auth/me", "/me/subscription", "/invoices")]


def refused_fields(answer: httpx2.Response) -> str:
    """Refused for its fields; says which."""
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] in {"validation_failed", "invalid_payload"}
    return json.dumps(answer.json().get("errors", answer.json()["detail"]))


@pytest.mark.parametrize("operation", with_body, ids=str)
async def test_a_field_that_is_not_its_own(unpaid: Life, admin: Student, operation: Operation) -> None:
    before = await all_of(unpaid.student), await unpaid.book()
    good = good_body(operation, unpaid)
    smuggled = {name: value for name, value in SMUGGLED.items() if name not in good}
    told = refused_fields(await send(operation, unpaid, admin, smuggled | good))
    for name in [name for name in smuggled if name not in told]:  # the provider is told of the first one only
        assert name in refused_fields(await send(operation, unpaid, admin, {name: smuggled[name]} | good))

    assert (await all_of(unpaid.student), await unpaid.book()) == before
    answer = await send(operation, unpaid, admin, good)
    assert answer.status_code != 422, f"it was refused for nothing else: {answer.text}"


@pytest.mark.parametrize("operation", with_body, ids=str)
async def test_text_that_no_column_holds(untouched: Life, admin: Student, operation: Operation) -> None:
    before = await untouched.book()
    good = good_body(operation, untouched)
    for name in TEXTS[str(operation)]:
        for text in ("\x00", "a\x00b", "\ud800", "\udfff\ud800"):
            answer = await send(operation, untouched, admin, good | {name: text})
            assert answer.status_code in {400, 422}, f"{name}: {answer.text}"
    assert await untouched.book() == before


async def nothing_is_going_back(student: Student) -> bool:
    invoices = (await student.get("/invoices")).json()["items"]
    return all(refund["settled_at"] for invoice in invoices for refund in invoice["refunds"])


@pytest.mark.parametrize("operation", without_body, ids=str)
async def test_a_write_that_reads_no_body_is_not_moved_by_one(
    active: Life, admin: Student, operation: Operation
) -> None:
    headers = active.student.bearer
    if operation.asks_for == "RefreshToken":
        headers = {"Authorization": f"Bearer {active.student.refresh_token}"}
    path = await path_of(operation, active, admin)
    await active.world.http.request(operation.method, path, headers=headers)
    await eventually(lambda: nothing_is_going_back(active.student))
    before = await all_of(active.student)

    answer = await active.world.http.request(operation.method, path, json=SMUGGLED, headers=headers)
    assert answer.status_code < 500
    assert await all_of(active.student) == before


async def test_a_signup_is_a_student_whatever_was_tried(http: httpx2.AsyncClient) -> None:
    account = {"email": f"{uuid.uuid4().hex}@italiano.example", "password": "cinque gatti sul tetto"}
    smuggled = await http.post("/auth/signup", json=account | {"role": "admin"})
    assert refusal(smuggled) == (422, "validation_failed")

    made = await http.post("/auth/signup", json=account)
    assert (made.status_code, made.json()["role"]) == (201, "student")
