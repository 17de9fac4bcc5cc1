"""Accounts as staff see them, shut out and let in again; and a subscription started for somebody."""

import asyncio
import uuid
from typing import Any

import httpx2
import pytest

from db.database import Database
from ops.settings import Settings
from tests.client import Student, refusal
from tests.deadline import eventually
from tests.gift_cards import issue
from tests.lives import Life, World
from tests.staff import hire

WHY = {"reason": "cards that were stolen"}


async def actions(reader: Student, **only: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await reader.get("/admin/actions", **only)).json()["items"]
    return items


async def test_one_is_found_by_address_and_by_id(support: Student, student: Student) -> None:
    [by_address] = (await support.get("/admin/users", email=student.email.upper())).json()["items"]
    [by_id] = (await support.get("/admin/users", id=student.id)).json()["items"]

    assert by_address == by_id
    assert by_id | {"created_at": ""} == {
        "id": student.id,
        "email": student.email,
        "role": "student",
        "locale": "en",
        "created_at": "",
        "flagged_at": None,
        "disabled_at": None,
    }
    assert (await support.get("/admin/users", email="nobody@italiano.example")).json()["items"] == []


async def test_pages_go_from_the_newest_to_the_oldest(support: Student, world: World) -> None:
    newest = [(await Student.signup(world.http)).id for _ in range(3)][::-1]
    first = (await support.get("/admin/users", limit=2)).json()
    second = (await support.get("/admin/users", limit=2, cursor=first["next_cursor"])).json()

    seen = [user["id"] for user in first["items"] + second["items"]]
    assert seen == sorted(seen, reverse=True)
    assert [user for user in seen if user in newest] == newest[: len([u for u in seen if u in newest])]


async def test_one_whole(support: Student, admin: Student, active: Life) -> None:
    [code] = await issue(admin, 700)
    await active.student.post(f"/subscriptions/{active.subscription_id}/redeem", {"gift_code": code})
    whole = (await support.get(f"/admin/users/{active.student.id}")).json()

    assert [one["subscription_id"] for one in whole["subscriptions"]] == [active.subscription_id]
    assert whole["subscriptions"][0]["access"]["allowed"] is True
    assert whole["purse"]["totals"] == [{"currency": "EUR", "gift_cents": 700, "balance_cents": 0}]
    assert "password" not in str(whole)


async def is_dead(student: Student) -> bool:
    return refusal(await student.get("/auth/me")) == (401, "token_expired")


async def test_who_is_disabled_is_out_at_once(admin: Student, support: Student, active: Life) -> None:
    student = active.student
    path = f"/admin/users/{student.id}"
    disabled = await admin.post(f"{path}/disable", WHY)
    assert (disabled.status_code, disabled.json()["disabled_at"] is None) == (200, False)

    assert await is_dead(student)
    refresh = {"Authorization": f"Bearer {student.refresh_token}"}
    assert refusal(await student.http.post("/auth/refresh", headers=refresh)) == (401, "token_invalid")
    account = {"email": student.email, "password": student.password}
    assert refusal(await student.http.post("/auth/login", json=account)) == (403, "account_disabled")
    guess = {"email": student.email, "password": "another password"}
    assert refusal(await student.http.post("/auth/login", json=guess)) == (401, "bad_credentials")
    assert (await active.book()).status == "active", "what was paid for goes on"

    assert (await admin.post(f"{path}/disable", WHY)).json() == disabled.json(), "twice is once"
    enabled = await admin.post(f"{path}/enable", {"reason": "it was somebody else"})
    assert enabled.json()["disabled_at"] is None
    await student.login()
    assert (await student.get("/auth/me")).json()["id"] == student.id

    noted = await actions(support, subject_kind="user", subject_id=student.id)
    assert [(one["action"], one["actor"], one["reason"]) for one in noted] == [
        ("user.enabled", f"user:{admin.id}", "it was somebody else"),
        ("user.disabled", f"user:{admin.id}", WHY["reason"]),
    ]


async def test_another_process_hears_of_it(admin: Student, student: Student, start_api: Any) -> None:
    other = student.through((await start_api())("192.0.2.7"))
    assert (await other.get("/auth/me")).status_code == 200
    await admin.post(f"/admin/users/{student.id}/disable", WHY)

    await eventually(lambda: is_dead(other))


@pytest.mark.usefixtures("admin")  # the last one would keep the role
async def test_who_has_another_role_logs_in_anew(
    database: Database, settings: Settings, http: httpx2.AsyncClient, support: Student
) -> None:
    before = await hire(http, database, settings, "admin")
    after = await hire(http, database, settings, "support", email=before.email)

    await eventually(lambda: is_dead(before))
    assert refusal(await after.post("/admin/plans/none/retire")) == (403, "forbidden")
    [made, _] = await actions(support, subject_kind="user", subject_id=after.id)
    assert (made["action"], made["actor"].partition(":")[0]) == ("user.made_support", "operator")


async def test_nobody_shuts_themselves_out(admin: Student) -> None:
    assert refusal(await admin.post(f"/admin/users/{admin.id}/disable", WHY)) == (409, "own_account")
    assert (await admin.get("/auth/me")).status_code == 200


async def test_a_start_for_somebody_is_theirs(admin: Student, student: Student, world: World) -> None:
    path, key = f"/admin/users/{student.id}/subscriptions", uuid.uuid4().hex
    body = {"plan_code": "P30D", "reason": "paid at the counter"}
    answers = await asyncio.gather(*(admin.post(path, body, key=key) for _ in range(3)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    again = await admin.post(path, body, key=key)
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    started = again.json()

    own = (await student.get("/me/subscription")).json()
    assert (own["subscription_id"], own["status"]) == (started["subscription_id"], "incomplete")
    [entry] = (await admin.get(f"/admin/subscriptions/{own['subscription_id']}/timeline")).json()["items"]
    assert (entry["event"], entry["actor"], entry["note"]) == (
        "opened",
        f"user:{admin.id}",
        "paid at the counter",
    )
    [seen] = (await student.get(f"/subscriptions/{own['subscription_id']}/timeline")).json()["items"]
    assert seen["note"] is None
    other = await admin.post(path, body | {"plan_code": "P1Y"}, key=key)
    assert refusal(other) == (422, "idempotency_key_reused")


async def test_the_user_s_own_key_is_another(admin: Student, student: Student) -> None:
    """Keys are scoped by who sends them: the user's own start under the same key is a request of its own."""
    key = uuid.uuid4().hex
    started = await admin.post(
        f"/admin/users/{student.id}/subscriptions", {"plan_code": "P30D", "reason": "asked"}, key=key
    )
    assert started.status_code == 201
    own = await student.start("P30D", key)
    assert own.status_code == 201
    assert own.json()["subscription_id"] != started.json()["subscription_id"], "it replaces the unpaid one"


async def test_a_start_for_somebody_is_refused_as_their_own(admin: Student, active: Life) -> None:
    path = f"/admin/users/{active.student.id}/subscriptions"
    body = {"plan_code": "P30D", "reason": "asked"}
    assert refusal(await admin.post(path, body)) == (400, "idempotency_key_missing")
    assert refusal(await admin.post(path, body, key="k")) == (409, "subscription_exists")
    assert refusal(await admin.post(path, {"plan_code": "P30D"}, key="k")) == (422, "validation_failed")
    unknown = await admin.post(f"/admin/users/{2**62}/subscriptions", body, key="k")
    assert refusal(unknown) == (404, "user_not_found")
    unsold = body | {"plan_code": "none"}
    assert refusal(await admin.post(path, unsold, key="k")) == (404, "plan_not_found")
