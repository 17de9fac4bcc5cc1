"""Erased on request: refused while subscribed, done at once, and for good; late money still counts."""

import asyncio
import uuid
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from api.auth import login_limits
from db.database import Database
from db.queries import erasure
from tests.api.auth.in_process import StartApi, new_address
from tests.client import Student, refusal, send_webhook
from tests.deadline import eventually
from tests.lives import Life
from tests.stack import WEBHOOK_SECRET

OVER = (401, "token_expired")
"""What an API answers that has heard of it."""

WHY = {"reason": "asked by letter"}


async def erase(student: Student, password: str | None = None) -> httpx2.Response:
    body = {"password": password or student.password}
    return await student.http.request("DELETE", "/auth/me", json=body, headers=student.bearer)


async def end(life: Life) -> None:
    assert (await life.post("cancel", {"at_period_end": False})).status_code == 200
    await life.closes()


async def row_of(database: Database, user_id: int) -> dict[str, Any]:
    query = text("SELECT to_jsonb(u) FROM users u WHERE id = :id")
    async with database.read() as connection:
        row: dict[str, Any] = (await connection.execute(query, {"id": user_id})).scalar_one()
        return row


async def test_who_is_erased_is_unknown_and_the_address_is_free(student: Student, database: Database) -> None:
    assert (await erase(student)).status_code == 204

    row = await row_of(database, student.id)
    assert (row["email"], row["password_hash"], row["locale"]) == (
        f"erased-{student.id}@erased.invalid",
        "",
        "und",
    )
    body = {"email": student.email, "password": student.password}
    login = await student.http.post("/auth/login", json=body)
    assert refusal(login) == (401, "bad_credentials")
    headers = {"Authorization": f"Bearer {student.refresh_token}"}
    assert (await student.http.post("/auth/refresh", headers=headers)).status_code == 401
    asked = await student.http.post("/auth/password/reset-request", json={"email": student.email})
    assert asked.status_code == 204

    again = await Student.signup(student.http, student.email)
    assert again.id != student.id
    assert (await again.get("/me/subscription")).json()["status"] == "inactive"


async def test_the_password_is_asked_for(student: Student) -> None:
    assert refusal(await erase(student, "non è questa parola")) == (401, "bad_credentials")
    await student.login()


async def test_a_stolen_access_token_does_not_help_to_guess(student: Student) -> None:
    """It is the same count as for a change of the password."""
    tries = [await erase(student, f"tentativo {n}") for n in range(6)]
    body = {"current": "tentativo", "new": "sette nani e una mela"}
    tries += [await student.post("/auth/password", body) for _ in range(6)]
    assert [each.status_code for each in tries] == [401] * 10 + [429] * 2


async def test_nobody_is_erased_who_is_subscribed(unpaid: Life, admin: Student) -> None:
    before = await unpaid.book()
    refused = await erase(unpaid.student)
    assert refusal(refused) == (409, "subscription_live")
    assert refused.json()["subscription_id"] == unpaid.subscription_id
    path = f"/admin/users/{unpaid.student.id}/erase"
    assert refusal(await admin.post(path, WHY)) == (409, "subscription_live")

    assert await unpaid.book() == before
    await unpaid.student.login()


async def test_with_a_token_from_before_nothing_new_is_written(student: Student, database: Database) -> None:
    await erase(student)

    for answer in (
        await student.get("/auth/me"),
        await student.get("/auth/me/export"),
        await student.add_card(),
        await student.add_card(key=uuid.uuid4().hex),
        await student.start(payment_method={"provider": "sandbox", "token": "tok_ok"}),
    ):
        assert refusal(answer) in ((401, "token_invalid"), OVER)
    assert refusal(await student.start()) in ((409, "user_erased"), OVER)
    assert refusal(await erase(student)) in ((401, "bad_credentials"), OVER)
    assert (await row_of(database, student.id))["erased_at"]


async def test_a_token_from_before_is_good_for_a_moment_only(student: Student) -> None:
    await erase(student)

    async def reads_nothing() -> bool:
        return refusal(await student.get("/me/subscription")) == OVER

    await eventually(reads_nothing)
    assert refusal(await student.get("/content/modules")) == OVER


async def test_a_start_and_the_erasure_at_once(http: httpx2.AsyncClient, database: Database) -> None:
    """Either there is a subscription, or nobody to have one."""
    for _ in range(3):
        student = await Student.signup(http)
        started, erased = await asyncio.gather(student.start(), erase(student))

        assert (started.status_code, erased.status_code) in {(201, 409), (409, 204)}
        assert ((await row_of(database, student.id))["erased_at"] is None) is (erased.status_code == 409)


async def test_staff_erase_on_request_and_twice_is_once(
    active: Life, admin: Student, database: Database
) -> None:
    await end(active)
    path, key = f"/admin/users/{active.student.id}/erase", uuid.uuid4().hex
    first = await admin.post(path, WHY, key=key)
    assert first.status_code == 200, first.text
    assert first.json()["user_id"] == active.student.id

    replayed, again = await admin.post(path, WHY, key=key), await admin.post(path, {"reason": "once more"})
    assert first.json() == replayed.json() == again.json()
    query = text("SELECT asked_by, reason FROM erasures WHERE user_id = :id")
    told = text("SELECT count(*) FROM outbox WHERE key = :key")
    async with database.read() as connection:
        assert (await connection.execute(query, {"id": active.student.id})).one() == (
            admin.id,
            WHY["reason"],
        )
        key_of_event = {"key": f"user.erased:{active.student.id}"}
        assert (await connection.execute(told, key_of_event)).scalar_one() == 1


async def test_cut_off_it_has_not_happened(
    start_api: StartApi, student: Student, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: Any) -> None:
        raise ConnectionError

    http = (await start_api())(new_address())
    before = await row_of(database, student.id)
    with monkeypatch.context() as killed:
        killed.setattr(erasure, "_forget_told_answers", die)
        assert (await erase(student.through(http))).status_code == 500
    assert await row_of(database, student.id) == before

    assert (await erase(student.through(http))).status_code == 204


async def test_money_that_comes_late_goes_back(active: Life, admin: Student) -> None:
    """To a subscription that was given up, of somebody who was erased: recorded, and refunded."""
    await end(active)
    late = await Life.begin(active.world, student=active.student)
    await end(late)
    assert (await erase(active.student)).status_code == 204
    sent = await send_webhook(late.world.http, WEBHOOK_SECRET, late.payment_id)
    assert sent.json() == {"ok": True}

    async def it_went_back() -> bool:
        book = await late.book()
        return book.timeline[-3:] == ["late_payment_received", "refund_opened", "refunded"]

    await eventually(it_went_back)
    refunded = await admin.post(f"/admin/payments/{active.payment_id}/refund", WHY)
    assert refunded.status_code == 202, refunded.text


async def test_papers_know_a_number_only(active: Life, admin: Student) -> None:
    [invoice] = (await active.student.get("/invoices")).json()["items"]
    await end(active)
    await erase(active.student)

    paper = await admin.get(f"/admin/invoices/{invoice['id']}.pdf")
    assert (paper.status_code, paper.headers["content-type"]) == (200, "application/pdf")
    rows = (await admin.get("/admin/invoices/export.csv")).text.splitlines()
    [row] = [row for row in rows if row.startswith(invoice["number"] + ",")]
    assert "@" not in row


async def test_what_staff_do_on_their_own_account_is_no_exception(admin: Student) -> None:
    """Their password is asked for: an access token alone erases nobody who holds it."""
    by_token_alone = await admin.post(f"/admin/users/{admin.id}/erase", {"reason": "asked"})
    assert refusal(by_token_alone) == (409, "own_account")
    assert (await admin.get("/auth/me")).status_code == 200
    assert (await erase(admin)).status_code == 204
    assert refusal(await admin.get("/auth/me")) in ((401, "token_invalid"), OVER)


async def test_the_export_is_all_that_there_is(paid: Life) -> None:
    student = paid.student
    await paid.post("freeze", {"until": "2099-01-01T00:00:00Z"})
    await end(paid)
    told = await student.get("/auth/me/export")
    assert told.status_code == 200, told.text
    records = told.json()["records"]

    assert [row["email"] for row in records["users"]] == [student.email]
    assert [row["id"] for row in records["subscriptions"]] == [paid.subscription_id]
    assert [row["last4"] for row in records["payment_methods"]] == ["4242"]
    assert [row["event"] for row in records["timeline_entries"]][:2] == ["opened", "activated"]
    for table in ("invoices", "invoice_lines", "payments", "periods", "refresh_tokens", "outbox"):
        assert records[table], table
    period = records["periods"][0]["during"]
    assert period["from"].endswith("Z")
    assert student.password not in told.text
    assert told.headers["Cache-Control"] == "no-store"


async def test_exports_are_limited(
    start_api: StartApi, student: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(login_limits, "EXPORTS_PER_HOUR", 2)
    person = student.through((await start_api())(new_address()))
    answers = [await person.get("/auth/me/export") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
