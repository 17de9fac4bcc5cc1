"""Every page and every form of the console, by everybody who may come. One that is not entered here fails."""

from collections.abc import AsyncIterator

import httpx2
import pytest
from fastapi.routing import APIRoute

from api.console.included import console_routers
from tests.api.console.browser import FROM_HERE, Browser, read, words_of
from tests.client import Student, send_webhook
from tests.lives import Life
from tests.stack import Stack

LARGEST_ID = 2**63 - 1
NOT_IDS = [
    "0",
    "-1",
    str(LARGEST_ID + 1),
    "9" * 300,
    "one",
    "1.5",
    "0x1",
    "%00",
    "%20",
    "null",
    "%F0%9F%8D%9D",
]

FOR_ALL = {"GET /console/login", "POST /console/login", "GET /console/console.css"}
FOR_ALL_STAFF = {"POST /console/logout", "GET /console/{rest:path}", "POST /console/{rest:path}"}
READS = {
    "/console": None,
    "/console/subscriptions": None,
    "/console/subscriptions/{subscription_id}": "subscription_not_found",
    "/console/subscriptions/{subscription_id}/timeline": "subscription_not_found",
    "/console/subscriptions/{subscription_id}/change-plan": "subscription_not_found",
    "/console/payments/{payment_id}": "payment_not_found",
    "/console/invoices/{invoice_id}.pdf": "invoice_not_found",
    "/console/credit-notes/{credit_note_id}.pdf": "credit_note_not_found",
    "/console/webhooks": None,
    "/console/webhooks/{webhook_id}": "webhook_not_found",
    "/console/findings": None,
}
"""With the code of an id that nothing has."""

WITH_A_REASON = {"reason": "asked for by telephone"}
WRITES: dict[str, tuple[dict[str, str], str]] = {
    f"/console/subscriptions/{{subscription_id}}/{name}": (fields, "subscription_not_found")
    for name, fields in {
        "cancel": WITH_A_REASON,
        "uncancel": WITH_A_REASON,
        "freeze": WITH_A_REASON,
        "unfreeze": WITH_A_REASON,
        "withdraw": WITH_A_REASON,
        "change-plan": WITH_A_REASON | {"plan_code": "P1Y"},
        "retry-payment": WITH_A_REASON,
        "unpark": WITH_A_REASON,
        "clock": {"advance": "P1D"},
        "card": {"behavior": "tok_ok"},
    }.items()
} | {
    "/console/payments/{payment_id}/refund": (WITH_A_REASON, "payment_not_found"),
    "/console/webhooks/{webhook_id}/replay": (WITH_A_REASON, "webhook_not_found"),
}
"""With what is typed, and the code of an id that nothing has."""

QUERY = {"/console/subscriptions/{subscription_id}/change-plan": "?plan_code=P1Y"}


def at(path: str, number: object) -> str:
    filled = path[: path.index("{")] + str(number) + path[path.index("}") + 1 :] if "{" in path else path
    return filled + QUERY.get(path, "")


def token_of(page: httpx2.Response) -> str:
    return next(form.fields["csrf_token"] for form in read(page).forms if "csrf_token" in form.fields)


@pytest.fixture(scope="module")
async def csrf_token(admins: Browser) -> str:
    return token_of(await admins.open("/console/findings"))


@pytest.fixture(scope="module")
async def known(untouched: Life, boss: Student) -> AsyncIterator[dict[str, int]]:
    """What each address is about, by the code of what is not there. Nothing here has an effect on it."""
    before = await untouched.book()
    sent = await send_webhook(untouched.world.http, untouched.world.stack.webhook_secret, 6 * 10**18)
    assert sent.status_code == 200
    webhooks = (await boss.get("/admin/webhooks", payment_id=6 * 10**18)).json()["items"]
    invoices = (await untouched.student.get("/invoices")).json()["items"]
    yield {
        "subscription_not_found": untouched.subscription_id,
        "payment_not_found": untouched.payment_id,
        "invoice_not_found": invoices[0]["id"],
        "webhook_not_found": webhooks[0]["id"],
    }
    assert await untouched.book() == before


def test_every_route_is_entered_here(stack: Stack) -> None:
    settings = stack.settings.model_copy(update={"psp_url": stack.psp.url})
    routes = [route for router in console_routers(settings) for route in router.routes]

    assert all(isinstance(route, APIRoute) for route in routes)
    assert {
        f"{method} {route.path}"
        for route in routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    } == FOR_ALL | FOR_ALL_STAFF | {f"GET {path}" for path in READS} | {f"POST {path}" for path in WRITES}
    assert not any(route.include_in_schema for route in routes if isinstance(route, APIRoute))


@pytest.mark.parametrize("path", READS)
async def test_a_page_is_for_staff(
    strangers: Browser, supports: Browser, admins: Browser, known: dict[str, int], path: str
) -> None:
    code = READS[path]
    address = at(path, known.get(code or "", LARGEST_ID))
    led = await strangers.get(address)
    assert led.status_code == 303
    assert led.headers["location"].startswith("/console/login")
    assert led.text == ""

    for browser in (supports, admins):
        answer = await browser.get(address)
        if path.endswith("change-plan"):  # it is not paid yet
            assert answer.status_code == 409
        elif code not in known and code is not None:
            assert answer.status_code == 404
        else:
            assert answer.status_code == 200, address


@pytest.mark.parametrize("path", [path for path, code in READS.items() if code])
async def test_an_id_that_nothing_has(admins: Browser, path: str) -> None:
    missing = await admins.get(at(path, LARGEST_ID))
    assert missing.status_code == 404
    assert str(READS[path]) in words_of(missing)
    for not_id in NOT_IDS:
        answer = await admins.get(at(path, not_id))
        assert answer.status_code in {404, 422}, not_id
        assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", WRITES)
async def test_a_form_is_for_administrators(
    supports: Browser, admins: Browser, known: dict[str, int], csrf_token: str, path: str
) -> None:
    fields, code = WRITES[path]
    address = at(path, known[code]).partition("?")[0]
    form = fields | {"csrf_token": csrf_token, "key": "a key"}
    of_support = token_of(await supports.open("/console/findings"))
    assert of_support != csrf_token
    refusals: list[tuple[Browser, dict[str, str], dict[str, str], int, str]] = [
        (supports, form | {"csrf_token": of_support}, FROM_HERE, 403, "forbidden"),
        (admins, form | {"csrf_token": of_support}, FROM_HERE, 403, "csrf_token_invalid"),
        (admins, form | {"csrf_token": ""}, FROM_HERE, 403, "csrf_token_invalid"),
        (admins, form | {"csrf_token": "é"}, FROM_HERE, 403, "csrf_token_invalid"),
        (admins, fields, FROM_HERE, 403, "csrf_token_invalid"),
        (admins, form, {}, 403, "cross_site_request"),
        (admins, form, {"Sec-Fetch-Site": "cross-site"}, 403, "cross_site_request"),
        (admins, form, {"Origin": "null"}, 403, "cross_site_request"),
        (admins, form | {"key": ""}, FROM_HERE, 400, "idempotency_key_invalid"),
        (admins, form | {"key": "\r\n"}, FROM_HERE, 400, "idempotency_key_invalid"),
    ]
    for browser, sent, headers, status, refusal in refusals:
        answer = await browser.post(address, sent, headers)
        assert answer.status_code == status, refusal
        assert refusal in words_of(answer)
        assert answer.headers["x-request-id"] in words_of(answer)

    missing = await admins.post(at(path, LARGEST_ID).partition("?")[0], form | {"key": f"none {path}"})
    assert (missing.status_code, code in words_of(missing)) == (404, True)
    for not_id in NOT_IDS[:4]:
        answer = await admins.post(at(path, not_id).partition("?")[0], form)
        assert answer.status_code in {404, 422}, not_id


async def test_a_form_of_nobody_leads_to_the_login(strangers: Browser, known: dict[str, int]) -> None:
    for path, (fields, code) in WRITES.items():
        led = await strangers.post(at(path, known[code]).partition("?")[0], fields)
        assert (led.status_code, led.headers["location"]) == (303, "/console/login")


@pytest.mark.parametrize("path", [path for path, (fields, _) in WRITES.items() if "reason" in fields])
async def test_every_write_asks_for_a_reason(
    admins: Browser, untouched: Life, known: dict[str, int], csrf_token: str, path: str
) -> None:
    before = await untouched.book()
    fields, code = WRITES[path]
    address = at(path, known[code]).partition("?")[0]
    for reason in (None, "", "   ", "x" * 501, "a\x00b"):
        form = {name: value for name, value in fields.items() if name != "reason"}
        form |= {"csrf_token": csrf_token, "key": "a key"} | ({} if reason is None else {"reason": reason})
        answer = await admins.post(address, form)
        assert answer.status_code == 422, reason
        assert "reason" in words_of(answer)
    assert await untouched.book() == before


@pytest.mark.parametrize("path", WRITES)
async def test_reading_the_address_of_a_form_writes_nothing(
    admins: Browser, untouched: Life, known: dict[str, int], path: str
) -> None:
    before = await untouched.book()
    answer = await admins.get(at(path, known[WRITES[path][1]]).partition("?")[0])
    assert answer.status_code in {404, 422}
    assert await untouched.book() == before


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"{}", "application/json", 415),
        (b"a=1&a=2", "application/x-www-form-urlencoded", 400),
        (b"a=%ff", "application/x-www-form-urlencoded", 400),
        (b"\xff", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"f%d=1" % number for number in range(60)), "application/x-www-form-urlencoded", 400),
        (b"a=" + b"x" * 70_000, "application/x-www-form-urlencoded", 413),
        (b"", "application/x-www-form-urlencoded", 403),
    ],
)
async def test_what_is_no_form(
    admins: Browser, untouched: Life, body: bytes, media_type: str, status: int
) -> None:
    address = f"/console/subscriptions/{untouched.subscription_id}/cancel"
    headers = FROM_HERE | {"Content-Type": media_type}
    answer = await admins.http.post(address, content=body, headers=headers)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


async def test_the_api_takes_no_forms(http: httpx2.AsyncClient, boss: Student) -> None:
    """So that no page of another site can have one sent to it."""
    async with httpx2.AsyncClient(base_url=http.base_url, timeout=http.timeout) as client:
        answer = await client.post("/auth/login", data={"email": boss.email, "password": boss.password})
    assert answer.status_code == 415


async def test_a_session_that_is_over_leads_back_to_the_page_that_sent_the_form(
    strangers: Browser, stack: Stack, untouched: Life
) -> None:
    page = f"/console/subscriptions/{untouched.subscription_id}"
    headers = FROM_HERE | {"Referer": stack.api_url + page}
    led = await strangers.post(f"{page}/cancel", {}, headers)
    assert led.headers["location"] == "/console/login?next=" + page.replace("/", "%2F")
    led = await strangers.post(f"{page}/cancel", {}, FROM_HERE | {"Referer": "https://evil.example" + page})
    assert led.headers["location"] == "/console/login"
