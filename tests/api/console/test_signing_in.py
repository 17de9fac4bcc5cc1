"""In and out of the console: who gets in, how long a session lives, and where its cookie may go."""

import uuid
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie

import httpx2
import pytest
from pydantic import SecretStr

from api.app import create_app
from api.auth.tokens import RefreshClaims, TokenIssuer, new_token_id
from api.console.way_back import local
from cli.admin import ensure_staff
from db.database import Database
from ops.settings import Settings
from tests.api.auth.in_process import StartApi
from tests.api.console.browser import FROM_HERE, Browser, form_of, words_of
from tests.client import Student
from tests.deadline import LONGEST_SECONDS
from tests.stack import JWT_SECRET, SELLER, Stack
from tests.staff import PASSWORD, hire


@pytest.fixture
async def newcomer(http: httpx2.AsyncClient, database: Database, settings: Settings) -> Student:
    """An administrator whose sessions a test may end."""
    return await hire(http, database, settings, "admin")


async def is_in(browser: Browser) -> bool:
    answer = await browser.get("/console")
    assert answer.status_code == 200 or answer.headers["location"] == "/console/login"
    return answer.status_code == 200


async def test_a_page_leads_to_the_login_and_back(strangers: Browser, boss: Student) -> None:
    wanted = "/console/subscriptions?status=active&parked=true"
    led = await strangers.get(wanted)
    assert led.status_code == 303
    login = await strangers.get(led.headers["location"])
    assert login.status_code == 200
    form = form_of(login, "/console/login")
    assert form.fields["next"] == wanted

    answer = await strangers.post(form.action, form.fields | {"email": boss.email, "password": boss.password})

    assert (answer.status_code, answer.headers["location"]) == (303, wanted)
    assert (await strangers.get(wanted)).status_code == 200
    assert (await strangers.get("/console/login")).headers["location"] == "/console"


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/console",
        "//evil.example",
        "/\\evil.example",
        "/console//evil.example",
        "/console/../evil",
        "/console@evil.example",
        "/consoleevil",
        "/console/\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
        "/console/login?next=/console",
        "/console?" + "x" * 600,
        "",
    ],
)
async def test_nobody_is_led_away(strangers: Browser, boss: Student, address: str) -> None:
    assert local(address) == "/console"
    answer = await strangers.log_in(boss.email, boss.password, next=address)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")


async def test_the_cookie_is_for_this_browser_alone(strangers: Browser, boss: Student) -> None:
    answer = await strangers.log_in(boss.email, boss.password)

    [cookie] = SimpleCookie(answer.headers["set-cookie"]).values()
    assert cookie.key == "console"
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (
        True,
        "lax",
        "/",
        "",
    )
    assert cookie["max-age"] == str(8 * 3600)
    assert not cookie["secure"]
    assert answer.headers["cache-control"] == "no-store"


async def test_in_production_it_goes_over_https_only(
    database_url: str, boss: Student, settings: Settings
) -> None:
    safe = {
        "environment": "production",
        "allowed_hosts": ("api.example",),
        "virtual_clock": False,
        "gift_code_secret": SecretStr("g" * 32),
        "events_secret": SecretStr("e" * 32),
        **SELLER,
    }
    app = create_app(settings.model_copy(update=safe))
    async with app.router.lifespan_context(app):
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="https://api.example") as http:
            browser = Browser(http)
            answer = await browser.log_in(boss.email, boss.password)
            [cookie] = SimpleCookie(answer.headers["set-cookie"]).values()
            assert cookie.key == "__Host-console"
            assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
            assert await is_in(browser)


async def test_words_and_codes_of_a_refused_login_are_those_of_the_api(
    strangers: Browser, boss: Student, http: httpx2.AsyncClient
) -> None:
    for email in (boss.email, f"nobody-{uuid.uuid4().hex}@italiano.example"):
        answer = await strangers.log_in(email, "sbagliata del tutto")
        told = (
            await http.post("/auth/login", json={"email": email, "password": "sbagliata del tutto"})
        ).json()
        assert answer.status_code == 401
        assert told["detail"] in words_of(answer)
        assert told["code"] in words_of(answer)
        assert "set-cookie" not in answer.headers

    assert (await strangers.log_in("no address", "x")).status_code == 422
    assert (await strangers.log_in("", "")).status_code == 422


async def test_tries_are_counted_together_with_those_of_the_api(start_api: StartApi, boss: Student) -> None:
    client_from = await start_api(login_failures_per_account=3)
    async with client_from("203.0.113.77") as http:
        email = f"guessed-{uuid.uuid4().hex}@italiano.example"
        for _ in range(2):
            assert (await Browser(http).log_in(email, "sbagliata del tutto")).status_code == 401
        body = {"email": email, "password": "sbagliata del tutto"}
        assert (await http.post("/auth/login", json=body)).status_code == 401
        answer = await Browser(http).log_in(email, "sbagliata del tutto")
    assert answer.status_code == 429
    assert "too_many_attempts" in words_of(answer)
    assert int(answer.headers["retry-after"]) > 0


async def test_a_student_is_refused_as_everywhere(strangers: Browser, student: Student) -> None:
    answer = await strangers.log_in(student.email, student.password)

    told = (await student.get("/admin/webhooks")).json()
    assert answer.status_code == 403
    assert told["detail"] in words_of(answer)
    assert "forbidden" in words_of(answer)
    assert "set-cookie" not in answer.headers


async def test_logging_out_ends_the_session_and_not_only_its_cookie(
    strangers: Browser, boss: Student
) -> None:
    await strangers.log_in(boss.email, boss.password)
    kept = dict(strangers.http.cookies)
    page = await strangers.open("/console")

    answer = await strangers.send(page, "/console/logout")

    assert answer.headers["location"] == "/console/login"
    assert not strangers.http.cookies
    assert not await is_in(strangers)
    strangers.http.cookies.update(kept)
    assert not await is_in(strangers)


async def test_a_new_password_ends_the_session(strangers: Browser, newcomer: Student) -> None:
    await strangers.log_in(newcomer.email, newcomer.password)
    assert await is_in(strangers)
    change = {"current": newcomer.password, "new": f"dodici orsi {uuid.uuid4().hex}"}
    assert (await newcomer.post("/auth/password", change)).status_code == 204
    assert not await is_in(strangers)


async def test_another_role_ends_the_session(
    strangers: Browser, newcomer: Student, database: Database, settings: Settings
) -> None:
    await strangers.log_in(newcomer.email, newcomer.password)
    await ensure_staff(database, settings, newcomer.email, PASSWORD, "support")
    assert not await is_in(strangers)


async def test_being_shut_out_ends_the_session(strangers: Browser, newcomer: Student, boss: Student) -> None:
    await strangers.log_in(newcomer.email, newcomer.password)
    shut = await boss.post(f"/admin/users/{newcomer.id}/disable", {"reason": "left us"})
    assert shut.status_code == 200, shut.text
    assert not await is_in(strangers)
    answer = await strangers.log_in(newcomer.email, newcomer.password)
    assert answer.status_code == 403
    assert "account_disabled" in words_of(answer)


async def test_no_other_token_opens_the_console(strangers: Browser, boss: Student) -> None:
    issuer = TokenIssuer((JWT_SECRET,), "HS256")
    others = TokenIssuer(("x" * 64,), "HS256")
    now = datetime.now(UTC)
    soon, past = now + timedelta(hours=1), now - timedelta(seconds=1)
    await strangers.log_in(boss.email, boss.password)
    good = issuer.read_console(strangers.http.cookies["console"])
    forged = [
        boss.access_token,
        boss.refresh_token,
        others.issue_console(good, issued_at=now, expires_at=soon),
        issuer.issue_console(good, issued_at=past - timedelta(hours=1), expires_at=past),
        issuer.issue_console(RefreshClaims(boss.id, new_token_id()), issued_at=now, expires_at=soon),
        "garbage",
        "x" * 9_000,
    ]
    for token in forged:
        strangers.http.cookies.clear()
        strangers.http.cookies.set("console", token)
        assert not await is_in(strangers), token[:40]


async def test_the_cookie_is_no_token_of_the_api(
    strangers: Browser, boss: Student, http: httpx2.AsyncClient
) -> None:
    await strangers.log_in(boss.email, boss.password)
    bearer = {"Authorization": f"Bearer {strangers.http.cookies['console']}"}
    for method, path in (("GET", "/auth/me"), ("POST", "/auth/refresh"), ("GET", "/admin/webhooks")):
        answer = await http.request(method, path, headers=bearer)
        assert (answer.status_code, answer.json()["code"]) == (401, "token_wrong_type")
    assert (await strangers.get("/admin/webhooks")).status_code == 401


async def test_switched_off_there_is_nothing(start_api: StartApi) -> None:
    client_from = await start_api(console_enabled=False)
    async with client_from("203.0.113.78") as http:
        for path in ("/console", "/console/login", "/console/console.css", "/console/subscriptions/1"):
            assert (await http.get(path)).status_code == 404
        assert (await http.post("/console/login", data={"email": "a"}, headers=FROM_HERE)).status_code == 404


async def test_a_login_that_another_site_sends_is_refused(stack: Stack, boss: Student) -> None:
    fields = {"email": boss.email, "password": boss.password}
    host = stack.api_url.removeprefix("http://")
    async with httpx2.AsyncClient(base_url=stack.api_url, timeout=LONGEST_SECONDS) as http:
        browser = Browser(http)
        for headers in (
            {},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Sec-Fetch-Site": "none"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": f"http://{host}.evil.example"},
            {"Origin": "http://[bad"},
            {"Sec-Fetch-Site": "cross-site", "Origin": stack.api_url},
        ):
            answer = await browser.post("/console/login", fields, headers)
            assert answer.status_code == 403, headers
            assert "cross_site_request" in words_of(answer)
            assert "set-cookie" not in answer.headers
        answer = await browser.post("/console/login", fields, {"Origin": stack.api_url})
        assert answer.status_code == 303
