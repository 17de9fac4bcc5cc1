"""The authorization matrix: every route of the document × everybody who may come, and what each gets.

A route that is new in the document fails here until it is entered in the tables.
"""

import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

import httpx2
import jwt
import pytest
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Mount, Route

from api.app import create_app
from api.auth.tokens import AccessClaims, RefreshClaims, TokenIssuer, new_token_id
from api.console.included import console_routers
from db.database import Database
from ops.settings import Settings
from tests.api.shell import shell_settings
from tests.api_description import Operation, operations
from tests.client import Student, refusal, send_webhook
from tests.event_endpoint import NEW_ENDPOINT, endpoint_of_nobody
from tests.lives import Life, World
from tests.purse import give_gift_card
from tests.stack import JWT_SECRET, WEBHOOK_SECRET
from tests.staff import hire, make_plan, make_promo_code, new_plan, new_promo_code

ACCESS, REFRESH = "AccessToken", "RefreshToken"
LARGEST_ID = 2**63 - 1
NOT_IDS: list[int | str] = [
    0,
    -1,
    LARGEST_ID + 1,
    "9" * 5_000,
    "one",
    "1.5",
    "1e3",
    "0x1",
    "%00",
    "1%00",
    "%20",
    "null",
    "%F0%9F%8D%9D",
]

PUBLIC = {
    "POST /auth/signup",
    "POST /auth/login",
    "POST /auth/password/reset-request",
    "POST /auth/password/reset",
    "GET /plans",
    "GET /healthz",
    "GET /readyz",
    "GET /metrics",
}
SIGNED = {"POST /payments/webhook", "POST /payments/webhook/stripe"}

ASKED = {"reason": "asked"}
NEW_GIFT_CARDS = {"amount_cents": 5_000, "currency": "EUR", "count": 1}


@dataclass(frozen=True)
class Call:
    """How a protected route is called, and what it says of an id that is not the caller's.

    What is `for_staff` says so of an id that is nobody's, and refuses a student before it looks. Support is
    let in where it `reads`: to GET, and to what says so. `refused` is what it says of an unpaid subscription.
    """

    token: str
    body: Mapping[str, Any] | None = None
    not_found: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    for_staff: bool = False
    reads: bool = False
    refused: str | None = None


PROTECTED = {
    "POST /auth/refresh": Call(REFRESH),
    "POST /auth/logout": Call(REFRESH),
    "POST /auth/password": Call(ACCESS, {"current": "quattro gatti", "new": "cinque gatti sul tetto"}),
    "GET /auth/me": Call(ACCESS),
    "GET /auth/me/export": Call(ACCESS),
    "DELETE /auth/me": Call(ACCESS, {"password": "quattro gatti sul tetto"}),
    "POST /subscriptions/start": Call(ACCESS, {"plan_code": "P30D"}, headers={"Idempotency-Key": "k"}),
    "POST /subscriptions/preview": Call(ACCESS, {"plan_code": "P30D"}),
    "GET /subscriptions/{subscription_id}": Call(ACCESS, not_found="subscription_not_found"),
    "GET /subscriptions/{subscription_id}/timeline": Call(ACCESS, not_found="subscription_not_found"),
    "POST /subscriptions/{subscription_id}/cancel": Call(ACCESS, {}, not_found="subscription_not_found"),
    "POST /subscriptions/{subscription_id}/uncancel": Call(ACCESS, not_found="subscription_not_found"),
    "POST /subscriptions/{subscription_id}/freeze": Call(ACCESS, {}, not_found="subscription_not_found"),
    "POST /subscriptions/{subscription_id}/unfreeze": Call(ACCESS, not_found="subscription_not_found"),
    "POST /subscriptions/{subscription_id}/withdraw": Call(ACCESS, not_found="subscription_not_found"),
    "POST /subscriptions/{subscription_id}/change-plan": Call(
        ACCESS, {"plan_code": "P1Y"}, not_found="subscription_not_found"
    ),
    "POST /subscriptions/{subscription_id}/change-plan/preview": Call(
        ACCESS, {"plan_code": "P1Y"}, not_found="subscription_not_found"
    ),
    "GET /subscriptions/{subscription_id}/members": Call(ACCESS, not_found="subscription_not_found"),
    "POST /subscriptions/{subscription_id}/members": Call(ACCESS, not_found="subscription_not_found"),
    "DELETE /subscriptions/{subscription_id}/invitations/{invitation_id}": Call(
        ACCESS, not_found="subscription_not_found"
    ),
    "DELETE /subscriptions/{subscription_id}/members/{user_id}": Call(
        ACCESS, not_found="subscription_not_found"
    ),
    "POST /invitations/{token}/accept": Call(ACCESS),
    "POST /subscriptions/{subscription_id}/leave": Call(ACCESS, not_found="subscription_not_found"),
    "POST /subscriptions/{subscription_id}/transfer": Call(
        ACCESS, {"user_id": 1}, not_found="subscription_not_found"
    ),
    "GET /me/subscription": Call(ACCESS),
    "GET /me/purse": Call(ACCESS),
    "POST /gift-cards/balance": Call(ACCESS, {"code": "7G3K-0XQ9-M2VD-4TPA"}),
    "POST /subscriptions/{subscription_id}/redeem": Call(
        ACCESS, {"gift_code": "7G3K-0XQ9-M2VD-4TPA"}, not_found="subscription_not_found"
    ),
    "POST /me/payment-methods": Call(ACCESS, {"provider": "sandbox", "token": "tok_ok"}),
    "GET /me/payment-methods": Call(ACCESS),
    "DELETE /me/payment-methods/{method_id}": Call(ACCESS, not_found="payment_method_not_found"),
    "GET /invoices": Call(ACCESS),
    "GET /invoices/{invoice_id}": Call(ACCESS, not_found="invoice_not_found"),
    "GET /invoices/{invoice_id}.pdf": Call(ACCESS, not_found="invoice_not_found"),
    "GET /credit-notes/{credit_note_id}.pdf": Call(ACCESS, not_found="credit_note_not_found"),
    "POST /invoices/{invoice_id}/pay": Call(ACCESS, {}, not_found="invoice_not_found"),
    "GET /content/modules": Call(ACCESS),
    "GET /admin/subscriptions": Call(ACCESS, for_staff=True),
    "GET /admin/subscriptions/{subscription_id}": Call(
        ACCESS, not_found="subscription_not_found", for_staff=True
    ),
    "GET /admin/subscriptions/{subscription_id}/explain": Call(
        ACCESS, not_found="subscription_not_found", for_staff=True
    ),
    "GET /admin/subscriptions/{subscription_id}/timeline": Call(
        ACCESS, not_found="subscription_not_found", for_staff=True
    ),
    "POST /admin/subscriptions/{subscription_id}/unpark": Call(
        ACCESS,
        {"reason": "looked"},
        not_found="subscription_not_found",
        for_staff=True,
        refused="not_parked",
    ),
    "POST /admin/subscriptions/{subscription_id}/cancel": Call(
        ACCESS, ASKED, not_found="subscription_not_found", for_staff=True
    ),
    "POST /admin/subscriptions/{subscription_id}/uncancel": Call(
        ACCESS, ASKED, not_found="subscription_not_found", for_staff=True
    ),
    "POST /admin/subscriptions/{subscription_id}/freeze": Call(
        ACCESS, ASKED, not_found="subscription_not_found", for_staff=True
    ),
    "POST /admin/subscriptions/{subscription_id}/unfreeze": Call(
        ACCESS, ASKED, not_found="subscription_not_found", for_staff=True
    ),
    "POST /admin/subscriptions/{subscription_id}/withdraw": Call(
        ACCESS, ASKED, not_found="subscription_not_found", for_staff=True
    ),
    "POST /admin/subscriptions/{subscription_id}/change-plan/preview": Call(
        ACCESS, {"plan_code": "P1Y"}, not_found="subscription_not_found", for_staff=True, reads=True
    ),
    "POST /admin/subscriptions/{subscription_id}/change-plan": Call(
        ACCESS, {"plan_code": "P1Y", **ASKED}, not_found="subscription_not_found", for_staff=True
    ),
    "POST /admin/subscriptions/{subscription_id}/redeem": Call(
        ACCESS,
        {"gift_code": "7G3K-0XQ9-M2VD-4TPA", **ASKED},
        not_found="subscription_not_found",
        for_staff=True,
    ),
    "POST /admin/subscriptions/{subscription_id}/retry-payment": Call(
        ACCESS, ASKED, not_found="subscription_not_found", for_staff=True
    ),
    "GET /admin/users": Call(ACCESS, for_staff=True),
    "GET /admin/users/{user_id}": Call(ACCESS, not_found="user_not_found", for_staff=True),
    "POST /admin/users/{user_id}/disable": Call(ACCESS, ASKED, not_found="user_not_found", for_staff=True),
    "POST /admin/users/{user_id}/enable": Call(ACCESS, ASKED, not_found="user_not_found", for_staff=True),
    "POST /admin/users/{user_id}/subscriptions": Call(
        ACCESS,
        {"plan_code": "P30D", **ASKED},
        not_found="user_not_found",
        headers={"Idempotency-Key": "k"},
        for_staff=True,
    ),
    "POST /admin/users/{user_id}/erase": Call(
        ACCESS,
        {"reason": "asked"},
        not_found="user_not_found",
        for_staff=True,
        refused="subscription_live",
    ),
    "GET /admin/invoices/export.csv": Call(ACCESS, for_staff=True),
    "GET /admin/invoices/{invoice_id}.pdf": Call(ACCESS, not_found="invoice_not_found", for_staff=True),
    "GET /admin/credit-notes/{credit_note_id}.pdf": Call(
        ACCESS, not_found="credit_note_not_found", for_staff=True
    ),
    "GET /admin/payments": Call(ACCESS, for_staff=True),
    "GET /admin/payments/{payment_id}": Call(ACCESS, not_found="payment_not_found", for_staff=True),
    "POST /admin/payments/{payment_id}/refund": Call(
        ACCESS,
        {"reason": "asked"},
        not_found="payment_not_found",
        for_staff=True,
        refused="refund_exceeds_payment",
    ),
    "GET /admin/invoices": Call(ACCESS, for_staff=True),
    "GET /admin/invoices/{invoice_id}": Call(ACCESS, not_found="invoice_not_found", for_staff=True),
    "POST /admin/invoices/{invoice_id}/refund": Call(
        ACCESS,
        {"reason": "asked"},
        not_found="invoice_not_found",
        for_staff=True,
        refused="refund_exceeds_invoice",
    ),
    "GET /admin/plans": Call(ACCESS, for_staff=True),
    "POST /admin/plans": Call(ACCESS, new_plan(), for_staff=True),
    "POST /admin/plans/{plan_code}/prices": Call(
        ACCESS, {"price_cents": 1_990, "currency": "EUR"}, not_found="plan_not_found", for_staff=True
    ),
    "POST /admin/plans/{plan_code}/dunning-policies": Call(
        ACCESS, {"retry_days": [2]}, not_found="plan_not_found", for_staff=True
    ),
    "POST /admin/plans/{plan_code}/retire": Call(ACCESS, not_found="plan_not_found", for_staff=True),
    "GET /admin/promo-codes": Call(ACCESS, for_staff=True),
    "POST /admin/promo-codes": Call(ACCESS, new_promo_code(), for_staff=True),
    "GET /admin/promo-codes/{promo_code}": Call(ACCESS, not_found="promo_code_not_found", for_staff=True),
    "PATCH /admin/promo-codes/{promo_code}": Call(
        ACCESS, {"max_redemptions": 9}, not_found="promo_code_not_found", for_staff=True
    ),
    "POST /admin/gift-cards": Call(ACCESS, NEW_GIFT_CARDS, for_staff=True),
    "GET /admin/gift-cards/batches": Call(ACCESS, for_staff=True),
    "GET /admin/webhooks": Call(ACCESS, for_staff=True),
    "GET /admin/webhooks/{webhook_id}": Call(ACCESS, not_found="webhook_not_found", for_staff=True),
    "POST /admin/webhooks/{webhook_id}/replay": Call(
        ACCESS,
        {"reason": "looked"},
        not_found="webhook_not_found",
        for_staff=True,
        refused="report_without_payment",
    ),
    "GET /admin/reconciliation": Call(ACCESS, for_staff=True),
    "GET /admin/webhook-endpoints": Call(ACCESS, for_staff=True),
    "POST /admin/webhook-endpoints": Call(ACCESS, NEW_ENDPOINT, for_staff=True),
    "GET /admin/webhook-endpoints/{endpoint_id}": Call(
        ACCESS, not_found="endpoint_not_found", for_staff=True
    ),
    "PATCH /admin/webhook-endpoints/{endpoint_id}": Call(
        ACCESS, {"description": "x"}, not_found="endpoint_not_found", for_staff=True
    ),
    "DELETE /admin/webhook-endpoints/{endpoint_id}": Call(
        ACCESS, not_found="endpoint_not_found", for_staff=True
    ),
    "POST /admin/webhook-endpoints/{endpoint_id}/rotate-secret": Call(
        ACCESS, not_found="endpoint_not_found", for_staff=True
    ),
    "POST /admin/webhook-endpoints/{endpoint_id}/disable": Call(
        ACCESS, not_found="endpoint_not_found", for_staff=True
    ),
    "POST /admin/webhook-endpoints/{endpoint_id}/enable": Call(
        ACCESS, not_found="endpoint_not_found", for_staff=True
    ),
    "POST /admin/webhook-endpoints/{endpoint_id}/replay": Call(
        ACCESS, {"since": "2999-01-01T00:00:00Z"}, not_found="endpoint_not_found", for_staff=True
    ),
    "POST /admin/webhook-endpoints/{endpoint_id}/ping": Call(
        ACCESS, not_found="endpoint_not_found", for_staff=True
    ),
    "GET /admin/webhook-endpoints/{endpoint_id}/deliveries": Call(
        ACCESS, not_found="endpoint_not_found", for_staff=True
    ),
    "GET /admin/events": Call(ACCESS, for_staff=True),
    "GET /admin/actions": Call(ACCESS, for_staff=True),
    "POST /admin/subscriptions/{subscription_id}/clock": Call(
        ACCESS, {"advance": "P1D"}, not_found="subscription_not_found", for_staff=True
    ),
}

protected = [operation for operation in operations() if operation.asks_for]
for_staff = [operation for operation in protected if operation.path.startswith("/admin/")]
with_id = [operation for operation in protected if "_id}" in operation.path]
with_own_id = [operation for operation in with_id if operation not in for_staff]


NOBODY, EXPIRED, REFRESHING = "nobody", "an expired token", "a refresh token"
OWNER, OTHER, SUPPORTING, ADMINISTRATOR = "the owner", "another user", "support", "an admin"
EVERYBODY = (NOBODY, EXPIRED, REFRESHING, OTHER, SUPPORTING, ADMINISTRATOR, OWNER)

GETS_IN, NOT_FOUND, FORBIDDEN = "gets in", "not found", "forbidden"
MISSING, OVER, WRONG, UNSIGNED = "token_missing", "token_expired", "token_wrong_type", "signature_missing"


class Rule(StrEnum):
    """Who a route is for."""

    PUBLIC = "everybody"
    SIGNED = "payment providers"
    SESSION = "holders of a refresh token"
    ACCOUNT = "everybody, for what is their own"
    OWNED = "the owner of what is named"
    STAFF_READS = "staff"
    STAFF_WRITES = "administrators"


# fmt: off - a table
MATRIX = {
    # a route is for     NOBODY    EXPIRED   REFRESHING OTHER      SUPPORTING ADMINISTRATOR OWNER
    Rule.PUBLIC: (GETS_IN, GETS_IN, GETS_IN, GETS_IN, GETS_IN, GETS_IN, GETS_IN),
    Rule.SIGNED: (UNSIGNED, UNSIGNED, UNSIGNED, UNSIGNED, UNSIGNED, UNSIGNED, UNSIGNED),
    Rule.SESSION: (MISSING, OVER, GETS_IN, WRONG, WRONG, WRONG, WRONG),
    Rule.ACCOUNT: (MISSING, OVER, WRONG, GETS_IN, GETS_IN, GETS_IN, GETS_IN),
    Rule.OWNED: (MISSING, OVER, WRONG, NOT_FOUND, NOT_FOUND, NOT_FOUND, GETS_IN),
    Rule.STAFF_READS: (MISSING, OVER, WRONG, FORBIDDEN, GETS_IN, GETS_IN, FORBIDDEN),
    Rule.STAFF_WRITES: (MISSING, OVER, WRONG, FORBIDDEN, FORBIDDEN, GETS_IN, FORBIDDEN),
}
# fmt: on


def rule_of(operation: Operation) -> Rule:
    """Raises `KeyError` for a route that is in no table."""
    route = str(operation)
    if route in PUBLIC:
        return Rule.PUBLIC
    if route in SIGNED:
        return Rule.SIGNED
    known = PROTECTED[route]
    if known.token == REFRESH:
        return Rule.SESSION
    if known.for_staff:
        return Rule.STAFF_WRITES if operation.is_write and not known.reads else Rule.STAFF_READS
    return Rule.ACCOUNT if known.not_found is None else Rule.OWNED


@dataclass(frozen=True)
class Cast:
    """Everybody who comes, and what there is to be had: by how it is refused to whom it is not for."""

    life: Life
    people: Mapping[str, Student]
    there: Mapping[str | None, int | str]
    spare: Mapping[str | None, Callable[[], Awaitable[int]]]

    async def token_of(self, who: str, kind: str) -> str | None:
        if who in self.people:
            return self.people[who].access_token
        if who == REFRESHING:
            owner = self.people[OWNER]
            await owner.login()  # each is good once
            return owner.refresh_token
        return None if who == NOBODY else expired(kind)

    async def ask(self, operation: Operation, who: str, number: int | str | None = None) -> httpx2.Response:
        """All send one Idempotency-Key, which is another one to each of them."""
        number = await self.named_by(operation) if number is None else number
        known = PROTECTED.get(str(operation), Call(ACCESS))
        token = await self.token_of(who, known.token)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        if operation.method == "POST":
            headers["Idempotency-Key"] = f"{operation} of {number or 'none'}"
        return await self.life.world.http.request(
            operation.method,
            operation.at(number),
            json=known.body,
            headers={**known.headers, **headers},
        )

    async def named_by(self, operation: Operation) -> int | str:
        """What is deleted is made for it: others need what is there."""
        known = PROTECTED.get(str(operation), Call(ACCESS))
        is_gone_afterwards = operation.method == "DELETE" or operation.path.endswith("/erase")
        if is_gone_afterwards and known.not_found in self.spare:
            return await self.spare[known.not_found]()
        return self.there[known.not_found]


def expired(kind: str) -> str:
    now = datetime.now(UTC)
    issuer, times = TokenIssuer((JWT_SECRET,), "HS256"), {"issued_at": now, "expires_at": now}
    if kind == ACCESS:
        return issuer.issue_access(AccessClaims(1, "admin"), **times)
    return issuer.issue_refresh(RefreshClaims(1, new_token_id()), **times)


def outcome(operation: Operation, answer: httpx2.Response) -> str:
    """Whatever is not refused for who asks gets in, though it may be refused for what it asks."""
    assert answer.status_code < 500 or answer.json()["code"] == "workflow_interrupted", answer.text
    code = answer.json()["code"] if answer.is_client_error else None
    known = PROTECTED.get(str(operation))
    if code is not None and known is not None and code == known.not_found:
        return NOT_FOUND
    assert code != "idempotency_key_reused", "nobody got as far as to be let in"
    return code if code in {MISSING, OVER, WRONG, UNSIGNED, FORBIDDEN} else GETS_IN


@pytest.fixture(scope="module")
async def cast(world: World, database: Database, settings: Settings) -> Cast:
    admin = await hire(world.http, database, settings, "admin")
    owner = await Student.signup(world.http)
    credit_note_id = await issue_credit_note(world, admin, owner)
    life = await Life.begin(world, student=owner)
    people = {
        OWNER: owner,
        OTHER: await Student.signup(world.http),
        SUPPORTING: await hire(world.http, database, settings, "support"),
        ADMINISTRATOR: admin,
    }
    there: dict[str | None, int | str] = {
        None: "unknown-token",
        "subscription_not_found": life.subscription_id,
        "payment_not_found": life.payment_id,
        "invoice_not_found": (await life.student.get("/invoices")).json()["items"][0]["id"],
        "payment_method_not_found": (await life.student.add_card()).json()["id"],
        "plan_not_found": await make_plan(admin),
        "promo_code_not_found": await make_promo_code(admin),
        "credit_note_not_found": credit_note_id,
        "webhook_not_found": await receive_webhook_of_nobody(admin),
        "endpoint_not_found": await endpoint_of_nobody(admin, anew=True),
        "user_not_found": (await Student.signup(world.http)).id,
    }

    async def card() -> int:
        added: int = (await owner.add_card(f"tok_ok-{uuid.uuid4().hex}")).json()["id"]
        return added

    async def somebody() -> int:
        return (await Student.signup(world.http)).id

    spare: dict[str | None, Callable[[], Awaitable[int]]] = {
        "user_not_found": somebody,
        "payment_method_not_found": card,
        "endpoint_not_found": lambda: endpoint_of_nobody(admin, anew=True),
    }
    return Cast(life, people, there, spare)


@pytest.mark.parametrize("operation", operations(), ids=str)
async def test_who_gets_in(cast: Cast, operation: Operation) -> None:
    """The owner comes last: nobody before has changed anything of theirs, unless it is staff's to change."""
    rule = rule_of(operation)
    is_theirs = rule is Rule.OWNED and operation.is_write
    number = await cast.named_by(operation)
    await cast.life.is_quiet()
    before = await cast.life.book()
    answers: dict[str, httpx2.Response] = {}
    for who in EVERYBODY:
        assert who != OWNER or not is_theirs or await cast.life.book() == before
        answers[who] = await cast.ask(operation, who, number)

    seen = {who: outcome(operation, answer) for who, answer in answers.items()}
    assert seen == dict(zip(EVERYBODY, MATRIX[rule], strict=True))
    assert [who for who, answer in answers.items() if "idempotency-replayed" in answer.headers] == []


@pytest.mark.parametrize("operation", [o for o in for_staff if PROTECTED[str(o)].not_found], ids=str)
async def test_what_is_not_there_is_not_found_by_an_admin(
    cast: Cast, untouched: Life, theirs: dict[str, int], operation: Operation
) -> None:
    known = PROTECTED[str(operation)]
    assert refusal(await cast.ask(operation, ADMINISTRATOR, LARGEST_ID)) == (404, known.not_found)
    if known.refused is not None:
        unpaid = dict(cast.there) | {
            "payment_not_found": untouched.payment_id,
            "user_not_found": untouched.student.id,
        }
        unpaid.update(theirs)
        answer = await cast.ask(operation, ADMINISTRATOR, unpaid[known.not_found])
        assert refusal(answer) == (409, known.refused)


async def issue_credit_note(world: World, admin: Student, student: Student) -> int:
    """For a subscription that a gift card has paid: a cent goes back, and it has ended."""
    await give_gift_card(world.database, student.id, 1_990, datetime.now(UTC))
    started = (await student.start()).json()
    body = {"amount_cents": 1, "reason": "asked"}
    refunded = await admin.post(f"/admin/invoices/{started['invoice_id']}/refund", body)
    ended = await student.post(
        f"/subscriptions/{started['subscription_id']}/cancel", {"at_period_end": False}
    )
    assert ended.json()["status"] == "canceled"
    note_id: int = refunded.json()["credit_note"]["id"]
    return note_id


async def receive_webhook_of_nobody(admin: Student) -> int:
    """About a payment that is not ours."""
    payment_id = 7 * 10**18
    sent = await send_webhook(admin.http, WEBHOOK_SECRET, payment_id, event_id=uuid.uuid4().hex)
    assert sent.json() == {"ok": True, "ignored": True}
    newest: int = (await admin.get("/admin/webhooks", payment_id=payment_id)).json()["items"][0]["id"]
    return newest


async def call(
    http: httpx2.AsyncClient, operation: Operation, *, number: int | str = 1, **headers: str
) -> httpx2.Response:
    known = PROTECTED[str(operation)]
    return await http.request(
        operation.method,
        operation.at(number),
        json=known.body,
        headers={**known.headers, **headers},
    )


def test_every_route_is_in_the_tables() -> None:
    assert {str(operation): operation.asks_for for operation in operations()} == {
        **dict.fromkeys(PUBLIC | SIGNED),
        **{route: known.token for route, known in PROTECTED.items()},
    }


def served(routes: Iterable[BaseRoute]) -> Iterator[str]:
    for route in routes:
        if isinstance(route, Route | APIRoute):
            yield from (f"{method} {route.path}" for method in route.methods or ())
        elif isinstance(route, Mount):
            yield f"MOUNT {route.path}"
        else:  # FastAPI keeps a router that was included as it is
            yield from served(route.original_router.routes)  # type: ignore[attr-defined]


def test_every_route_that_is_served_is_in_a_table() -> None:
    """Those of the console are in tests/api/console/test_console_access.py."""
    settings = shell_settings(psp_url="http://psp.example")
    console = {route for router in console_routers(settings) for route in served(router.routes)}
    docs = {"GET /docs", "GET /openapi.json", "HEAD /openapi.json", "MOUNT /docs/assets"}

    assert set(served(create_app(settings).routes)) == PUBLIC | SIGNED | {*PROTECTED} | console | docs
    assert all(route.split(" ")[1].startswith("/console") for route in console)


def tokens_of(kind: str) -> dict[str, tuple[str, str]]:
    """Headers that are refused where this kind of token is asked for, with the code."""
    now = datetime.now(UTC)
    ours, others = TokenIssuer((JWT_SECRET,), "HS256"), TokenIssuer(("x" * 64,), "HS256")
    soon, past = now + timedelta(minutes=5), now - timedelta(seconds=1)

    def made(issuer: TokenIssuer, kind: str, expires_at: datetime) -> str:
        issued_at = now - timedelta(minutes=1)
        if kind == ACCESS:
            claims = AccessClaims(1, "student")
            return issuer.issue_access(claims, issued_at=issued_at, expires_at=expires_at)
        return issuer.issue_refresh(
            RefreshClaims(1, new_token_id()), issued_at=issued_at, expires_at=expires_at
        )

    good = made(ours, kind, soon)
    payload = jwt.decode(good, options={"verify_signature": False})
    unsigned = jwt.encode(
        payload, "", algorithm="none", headers={"typ": jwt.get_unverified_header(good)["typ"]}
    )
    return {
        "none": ("", "token_missing"),
        "another scheme": ("Basic c3R1ZGVudDpzdHVkZW50", "token_missing"),
        "expired": (f"Bearer {made(ours, kind, past)}", "token_expired"),
        "of the other kind": (
            f"Bearer {made(ours, REFRESH if kind == ACCESS else ACCESS, soon)}",
            "token_wrong_type",
        ),
        "signed by another": (f"Bearer {made(others, kind, soon)}", "token_invalid"),
        "not signed": (f"Bearer {unsigned}", "token_invalid"),
        "cut off": (f"Bearer {good[:-10]}", "token_invalid"),
        "garbage": ("Bearer garbage", "token_invalid"),
        "huge": ("Bearer " + "x" * 9_000, "token_invalid"),
    }


@pytest.mark.parametrize("operation", protected, ids=str)
async def test_a_token_that_is_not_right(http: httpx2.AsyncClient, operation: Operation) -> None:
    for what, (header, code) in tokens_of(PROTECTED[str(operation)].token).items():
        answer = await call(http, operation, **({"Authorization": header} if header else {}))
        assert refusal(answer) == (401, code), what
        assert answer.headers["www-authenticate"].startswith("Bearer"), what


@pytest.mark.parametrize("operation", protected, ids=str)
async def test_the_token_is_looked_at_before_anything_else(
    http: httpx2.AsyncClient, operation: Operation
) -> None:
    """Nobody learns from a refusal what a stranger is not to know."""
    assert refusal(await call(http, operation, number="none")) == (401, "token_missing")
    answer = await http.request(operation.method, operation.path, json={"role": "admin"})
    assert refusal(answer) == (401, "token_missing")


@pytest.fixture(scope="module")
async def theirs(untouched: Life, database: Database, settings: Settings) -> dict[str, int]:
    """Ids of what is somebody's, by how it is refused to all others."""
    admin = await hire(untouched.world.http, database, settings, "admin")
    return {
        "subscription_not_found": untouched.subscription_id,
        "invoice_not_found": (await untouched.student.get("/invoices")).json()["items"][0]["id"],
        "payment_method_not_found": (await untouched.student.add_card()).json()["id"],
        "credit_note_not_found": await issue_credit_note(
            untouched.world, admin, await Student.signup(untouched.world.http)
        ),
    }


@pytest.mark.parametrize("operation", with_own_id, ids=str)
async def test_somebody_else_s_looks_like_nobody_s(
    untouched: Life, theirs: dict[str, int], bystander: Student, operation: Operation
) -> None:
    before = await untouched.book(), (await untouched.student.get("/me/payment-methods")).json()
    not_found = PROTECTED[str(operation)].not_found
    assert not_found is not None

    others = await call(bystander.http, operation, number=theirs[not_found], **bystander.bearer)
    missing = await call(bystander.http, operation, number=LARGEST_ID, **bystander.bearer)
    assert refusal(others) == refusal(missing) == (404, not_found)
    assert others.json() | {"request_id": ""} == missing.json() | {"request_id": ""}
    assert others.headers.keys() == missing.headers.keys()
    assert (await untouched.book(), (await untouched.student.get("/me/payment-methods")).json()) == before


@pytest.mark.parametrize("operation", with_id, ids=str)
async def test_an_id_that_no_row_can_have(bystander: Student, admin: Student, operation: Operation) -> None:
    reader = admin if operation in for_staff else bystander
    for number in NOT_IDS:
        answer = await call(reader.http, operation, number=number, **reader.bearer)
        assert refusal(answer) == (422, "validation_failed"), number


def test_what_is_for_staff_is_under_admin() -> None:
    assert [str(o) for o in for_staff] == [route for route, known in PROTECTED.items() if known.for_staff]


@pytest.mark.parametrize("operation", for_staff, ids=str)
async def test_a_student_is_refused_before_anything_is_looked_at(
    untouched: Life, operation: Operation
) -> None:
    """Also for what is their own, for what is not there, and for a body that is none."""
    before = await untouched.book()
    for number in (untouched.subscription_id, LARGEST_ID, "none"):
        answer = await call(untouched.world.http, operation, number=number, **untouched.student.bearer)
        assert refusal(answer) == (403, "forbidden"), number
    answer = await untouched.world.http.request(
        operation.method,
        operation.at(untouched.subscription_id),
        json={"role": "admin"},
        headers=untouched.student.bearer,
    )
    assert refusal(answer) == (403, "forbidden")
    assert await untouched.book() == before
