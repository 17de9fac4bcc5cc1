"""What the pages show: of subscriptions in every state, of what people wrote, and of what is not there."""

import re
import uuid

import httpx2
import pytest
from sqlalchemy import text

from tests.api.console.browser import Browser, offered, read, words_of
from tests.api.past_due import past_due
from tests.api.test_staff_webhooks import parked as parked_webhook
from tests.api.test_unpark import parked
from tests.client import Student
from tests.clock_turn import turned
from tests.families import begin_family, join
from tests.lives import Life, World
from tests.staff import make_plan

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
SCRIPT = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"
TOOLS = {"clock", "card"}


def page_of(life: Life) -> str:
    return f"/console/subscriptions/{life.subscription_id}"


async def shown(browser: Browser, life: Life) -> httpx2.Response:
    return await browser.open(page_of(life))


@pytest.mark.parametrize(
    "path",
    [
        "/console",
        "/console/subscriptions",
        "/console/webhooks",
        "/console/findings",
        "/console/login",
        "/console/x",
    ],
)
async def test_a_page_loads_nothing_from_elsewhere(admins: Browser, strangers: Browser, path: str) -> None:
    browser = strangers if path.endswith("login") else admins
    answer = await browser.get(path)
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    page = read(answer)
    assert page.tags.isdisjoint({"script", "style", "iframe", "object"})
    assert not [name for name in page.attributes if name == "style" or name.startswith("on")]
    links = re.findall(r'(?:href|src|action)="([^"]*)"', answer.text)
    assert [link for link in links if not link.startswith(("/console", "#", "?", "data:"))] == []


async def test_the_style_sheet_is_all_that_is_loaded(strangers: Browser) -> None:
    answer = await strangers.get("/console/console.css")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")
    assert "url(" not in answer.text
    assert "@import" not in answer.text


async def test_an_unpaid_one(admins: Browser, supports: Browser, unpaid: Life) -> None:
    page = await shown(admins, unpaid)
    told = words_of(page)
    assert "waits for a person to pay it" in told
    assert "it is given up and its invoice voided" in told
    assert "19.90 EUR" in told
    assert unpaid.student.email in told
    assert "no: payment required" in told
    assert "freeze_only_from_active" in told
    assert "opened by user" in told
    assert offered(page) == {"cancel", "retry-payment", "withdraw", "clock"}
    assert f"/namespaces/default/workflows/{unpaid.student.id}%3A" in page.text

    of_support = await shown(supports, unpaid)
    assert offered(of_support) == set()
    assert "What you may do" not in words_of(of_support)
    assert unpaid.student.email in words_of(of_support)


async def test_a_paid_one(admins: Browser, paid: Life) -> None:
    page = await shown(admins, paid)
    told = words_of(page)
    assert "the next period is billed, and the payment method charged" in told
    assert "yes, until" in told
    assert "sandbox visa ··4242" in told
    assert offered(page) == {"cancel", "freeze", "withdraw"} | TOOLS
    assert "invoice_not_payable" in told


async def test_a_frozen_one_and_one_that_is_to_end(admins: Browser, active: Life) -> None:
    await active.post("freeze", {})
    page = await shown(admins, active)
    assert "Frozen from" in words_of(page)
    assert offered(page) >= {"unfreeze", "cancel"}
    assert "freeze" not in offered(page)
    await active.post("unfreeze")
    await active.post("cancel", {"reason": SCRIPT})
    page = await shown(admins, active)
    assert "for the period's end" in words_of(page)
    assert offered(page) >= {"uncancel", "cancel"}
    await active.post("cancel", {"at_period_end": False})
    page = await shown(admins, active)
    assert "Nothing: it has ended." in words_of(page)
    assert offered(page) <= {"card"}


async def test_a_past_due_one(admins: Browser, world: World, boss: Student) -> None:
    life = await past_due(world, boss, "tok_insufficient_funds")
    page = await shown(admins, life)
    told = words_of(page)
    assert "past due" in told
    assert "dunning days are behind it" in told
    assert "insufficient funds" in told
    assert "its clock was turned" in told
    assert offered(page) >= {"retry-payment", "cancel"}
    assert "plan_change_not_possible" in told


async def test_a_parked_one_can_be_let_go_on(admins: Browser, world: World) -> None:
    life = await parked(world)
    page = await shown(admins, life)
    assert "Parked: provider rejected." in words_of(page)
    assert "Nothing until it is unparked." in words_of(page)
    assert "unpark" in offered(page)
    listed = await admins.get("/console/subscriptions", parked="true", user_id=str(life.student.id))
    assert page_of(life) in listed.text


async def test_what_people_write_is_shown_as_they_wrote_it(
    admins: Browser, boss: Student, world: World
) -> None:
    code = await make_plan(boss, name=SCRIPT)
    life = await Life.begin(world, code)
    async with world.database.transaction() as connection:
        email = f"<script>alert('{uuid.uuid4().hex}')</script>@italiano.example"
        change = text("UPDATE users SET email = :email WHERE id = :id")
        await connection.execute(change, {"email": email, "id": life.student.id})
    await life.pay()
    await life.post("cancel", {"reason": SCRIPT})

    for path in (
        page_of(life),
        f"{page_of(life)}/timeline",
        f"/console/subscriptions?user_id={life.student.id}",
    ):
        answer = await admins.open(path)
        assert read(answer).tags.isdisjoint({"script", "img"}), path
        assert not {name for name in read(answer).attributes if name.startswith("on")}
    page = await shown(admins, life)
    assert words_of(page).count(SCRIPT) >= 2
    assert email in words_of(page)
    searched = await admins.get("/console/subscriptions", email=SCRIPT, plan_code=SCRIPT)
    assert searched.status_code == 422
    assert read(searched).tags.isdisjoint({"script", "img"})
    assert (await admins.get(page_of(life), done=SCRIPT)).text.count('role="status"') == 0


async def test_a_search_is_by_what_is_filled_in(admins: Browser, unpaid: Life) -> None:
    empty = {
        "email": "",
        "status": "",
        "plan_code": "",
        "parked": "",
        "user_id": "",
        "next_action_before": "",
    }
    found = await admins.get(
        "/console/subscriptions", **empty | {"email": f" {unpaid.student.email.upper()} "}
    )
    assert page_of(unpaid) in found.text
    assert found.text.count('data-label="Owner"') == 1
    nobody = await admins.get("/console/subscriptions", email="nobody-at-all@italiano.example")
    assert "There is none like that." in words_of(nobody)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("cursor", "!", "invalid_cursor"),
        ("cursor", "x" * 200, "validation_failed"),
        ("status", "asleep", "validation_failed"),
        ("email", "no address", "validation_failed"),
        ("user_id", "9" * 40, "validation_failed"),
        ("parked", "perhaps", "validation_failed"),
        ("next_action_before", "soon", "validation_failed"),
        ("nonsense", "1", "validation_failed"),
    ],
)
async def test_a_search_that_makes_no_sense(admins: Browser, name: str, value: str, code: str) -> None:
    answer = await admins.get("/console/subscriptions", **{name: value})
    assert answer.status_code == 422
    assert code in words_of(answer)
    assert read(answer).forms  # to be asked again


async def test_a_search_of_webhooks_refuses_what_is_misspelled(admins: Browser) -> None:
    answer = await admins.get("/console/webhooks", payment="1")
    assert (answer.status_code, "validation_failed" in words_of(answer)) == (422, True)
    assert read(answer).forms


async def test_the_members_of_a_family_are_shown(admins: Browser, world: World) -> None:
    family = await begin_family(world)
    member = await join(family, await Student.signup(world.http))
    told = words_of(await shown(admins, family))
    assert "2 of 5 taken" in told
    assert f"{member.email} user {member.id}, since" in told


@pytest.mark.parametrize(
    "path", ["/console/webhooks", "/console/findings", "/console/subscriptions/{}/timeline"]
)
async def test_a_cursor_that_no_list_gave_out(admins: Browser, untouched: Life, path: str) -> None:
    answer = await admins.get(path.format(untouched.subscription_id), cursor="!")
    assert answer.status_code == 422
    assert "invalid_cursor" in words_of(answer)


async def test_a_list_goes_on_where_it_stopped(admins: Browser, boss: Student, paid: Life) -> None:
    await turned(boss, paid, "P366D")
    page = await shown(admins, paid)
    assert "All of it" in words_of(page)
    seen: list[str] = []
    path: str | None = f"{page_of(paid)}/timeline"
    while path:
        answer = await admins.open(path)
        seen += re.findall(r"version (\d+), trace", words_of(answer))
        following = re.search(r'rel="next" href="([^"]*)"', answer.text)
        path = f"{page_of(paid)}/timeline{following[1]}" if following else None
    entries = (await paid.book()).timeline
    assert len(seen) == len(entries)
    assert [int(version) for version in seen] == sorted(map(int, seen), reverse=True)


async def test_a_webhook_that_waits_for_a_person(admins: Browser, unpaid: Life, boss: Student) -> None:
    webhook = await parked_webhook(unpaid, boss)
    listed = await admins.get("/console/webhooks", payment_id=str(unpaid.payment_id), status="parked")
    assert f"/console/webhooks/{webhook['id']}" in listed.text
    page = await admins.open(f"/console/webhooks/{webhook['id']}")
    assert "amount mismatch" in words_of(page)
    assert "1989 cents of a currency that it does not say" in words_of(page)
    assert offered(page) == {"replay"}


async def test_the_overview_has_numbers_and_plots(
    impatient: httpx2.AsyncClient, stack_admin_cookie: dict[str, str], paid: Life
) -> None:
    """Of an API that nobody has asked before: what another keeps for a minute may be older than this life."""
    impatient.cookies.update(stack_admin_cookie)
    answer = await Browser(impatient).open("/console")
    told = words_of(answer)
    for name in (
        "With access",
        "Past due",
        "Frozen",
        "Parked",
        "Unknown payments",
        "Inbox",
        "Outbox",
        "Open findings",
    ):
        assert name in told
    for title in (
        "What is paid a month",
        "Subscribers who came and went",
        "Renewals due in the next 30 days",
    ):
        assert title in told
    assert "<svg" in answer.text
    assert "The numbers" in told


async def test_without_the_worker_it_is_told_from_the_books(
    impatient: httpx2.AsyncClient, stack_admin_cookie: dict[str, str], unpaid: Life
) -> None:
    await unpaid.world.stack.stop_worker()
    try:
        impatient.cookies.update(stack_admin_cookie)
        answer = await impatient.get(page_of(unpaid))
    finally:
        await unpaid.world.stack.start_worker()
    assert answer.status_code == 200
    assert "Its workflow does not answer" in words_of(answer)
    assert "waits for a person to pay it" in words_of(answer)


@pytest.fixture
async def stack_admin_cookie(admins: Browser) -> dict[str, str]:
    return dict(admins.http.cookies)


async def test_findings_are_told_with_what_they_are_about(admins: Browser, untouched: Life) -> None:
    seen = {"subject": str(untouched.subscription_id), "details": '{"said": "<b>twice</b>"}'}
    async with untouched.world.database.transaction() as connection:
        run = text("INSERT INTO reconciliation_runs (asked_by, mends) VALUES ('test', false) RETURNING id")
        run_id = (await connection.execute(run)).scalar_one()
        finding = text(
            "INSERT INTO reconciliation_findings (rule, subject_kind, subject_id, details, run_id,"
            " first_seen_at, last_seen_at) VALUES ('of_a_test', 'subscription', :subject, :details, :run,"
            " now(), now()) RETURNING id"
        )
        finding_id = (await connection.execute(finding, seen | {"run": run_id})).scalar_one()
    try:
        answer = await admins.open("/console/findings?limit=100")
        assert "of a test" in words_of(answer)
        assert page_of(untouched) in answer.text
        assert "<b>twice</b>" in words_of(answer)
    finally:
        async with untouched.world.database.transaction() as connection:
            gone = text("DELETE FROM reconciliation_findings WHERE id = :id")
            await connection.execute(gone, {"id": finding_id})


async def test_invoices_are_had_on_paper(admins: Browser, paid: Life) -> None:
    page = await shown(admins, paid)
    [link] = re.findall(r"/console/invoices/\d+\.pdf", page.text)
    answer = await admins.get(link)
    assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF")
    assert answer.headers["content-type"] == "application/pdf"
