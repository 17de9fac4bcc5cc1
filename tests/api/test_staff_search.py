"""What staff look for is found by every filter, a page at a time, and shown whole."""

import itertools
from typing import Any

import pytest

from tests.api.past_due import past_due
from tests.client import Student, refusal
from tests.families import begin_family, join, shown
from tests.lives import Life, World
from tests.races.commands import card

SEARCHES = ("/admin/subscriptions", "/admin/users", "/admin/invoices", "/admin/payments", "/admin/actions")


async def ids(reader: Student, path: str, name: str = "id", **only: Any) -> list[int]:
    answer = await reader.get(path, **only)
    assert answer.status_code == 200, answer.text
    return [found[name] for found in answer.json()["items"]]


async def subscriptions(reader: Student, **only: Any) -> list[int]:
    return await ids(reader, "/admin/subscriptions", "subscription_id", **only)


async def test_subscriptions_are_found_by_what_they_are(
    world: World, admin: Student, support: Student
) -> None:
    life = await past_due(world, admin, card("tok_insufficient_funds"))
    mine = {"user_id": life.student.id}
    [found] = (await support.get("/admin/subscriptions", **mine)).json()["items"]
    created = found["created_at"]

    assert await subscriptions(support, email=life.student.email.upper()) == [life.subscription_id]
    for narrower, is_found in (
        ({"status": "past_due"}, True),
        ({"status": "active"}, False),
        ({"plan_code": "P30D"}, True),
        ({"plan_code": "P1Y"}, False),
        ({"plan_code": "of-nobody"}, False),
        ({"parked": "false"}, True),
        ({"parked": "true"}, False),
        ({"next_action_before": "2099-01-01"}, True),
        ({"next_action_before": "2020-01-01"}, False),
        ({"created_from": created}, True),
        ({"created_to": created}, False),
        ({"created_from": "2099-01-01"}, False),
        ({"created_to": "2099-01-01"}, True),
    ):
        assert (await subscriptions(support, **mine, **narrower) != []) is is_found, narrower
    assert await subscriptions(support, email="nobody@italiano.example") == []


async def test_one_subscription_whole(world: World, admin: Student, support: Student) -> None:
    life = await past_due(world, admin, card("tok_insufficient_funds"))
    path = f"/admin/subscriptions/{life.subscription_id}"
    whole = (await support.get(path)).json()

    assert whole["user"]["email"] == life.student.email
    assert (whole["seats"], whole["members"]) == ({"taken": 1, "total": 1}, [])
    assert whole["subscription"] == (await life.student.get("/me/subscription")).json()
    assert [invoice["status"] for invoice in whole["invoices"]] == ["open", "paid"]
    assert [payment["status"] for payment in whole["payments"]] == ["failed", "succeeded"]
    assert whole["open_invoice"]["invoice_id"] == whole["invoices"][0]["id"]
    assert whole["parked_reason"] is None
    assert whole["links"] == {"timeline": f"{path}/timeline", "explain": f"{path}/explain"}


async def test_members_are_shown_with_the_subscription(
    world: World, admin: Student, support: Student
) -> None:
    """Who has a seat, since when, and whether they can log in; who has left has none."""
    family = await begin_family(world)
    first, second, gone = [await join(family, await Student.signup(world.http)) for _ in range(3)]
    assert (await gone.post(f"/subscriptions/{family.subscription_id}/leave")).is_success
    assert (await admin.post(f"/admin/users/{second.id}/disable", {"reason": "asked"})).is_success

    whole = (await support.get(f"/admin/subscriptions/{family.subscription_id}")).json()

    joined = {member["user_id"]: member["joined_at"] for member in (await shown(family))["members"]}
    assert whole["seats"] == {"taken": 3, "total": 5}
    assert [member.pop("disabled_at") is not None for member in whole["members"]] == [False, True]
    assert whole["members"] == [
        {"user_id": one.id, "email": one.email, "joined_at": joined[one.id]} for one in (first, second)
    ]


async def test_money_is_found_by_whose_it_is_and_what_became_of_it(
    world: World, admin: Student, support: Student
) -> None:
    life = await past_due(world, admin, card("tok_insufficient_funds"))
    invoices = (await support.get("/admin/invoices", user_id=life.student.id)).json()["items"]
    open_one, paid = invoices
    assert (open_one["status"], paid["status"]) == ("open", "paid")
    assert await ids(support, "/admin/invoices", number=paid["number"]) == [paid["id"]]
    assert await ids(support, "/admin/invoices", number="IT-2020-000000") == []
    assert await ids(support, "/admin/invoices", subscription_id=life.subscription_id, status="open") == [
        open_one["id"]
    ]

    payments = await ids(support, "/admin/payments", user_id=life.student.id)
    assert payments == await ids(support, "/admin/payments", subscription_id=life.subscription_id)
    [failed] = await ids(support, "/admin/payments", invoice_id=open_one["id"])
    assert await ids(support, "/admin/payments", user_id=life.student.id, status="failed") == [failed]
    assert await ids(support, "/admin/payments", user_id=life.student.id, status="unknown") == []
    assert payments == [failed, life.payment_id]


async def test_pages_hold_each_once_the_newest_first(support: Student, untouched: Life) -> None:
    for path, name in zip(SEARCHES[:4], ("subscription_id", "id", "id", "id"), strict=True):
        whole = await ids(support, path, name, limit=10)
        cursor: dict[str, Any] = {}
        seen: list[int] = []
        for _ in itertools.repeat(None, 5):
            page = (await support.get(path, limit=2, **cursor)).json()
            seen += [found[name] for found in page["items"]]
            cursor = {"cursor": page["next_cursor"]}
            if page["next_cursor"] is None:
                break
        assert seen == sorted(set(seen), reverse=True), path
        assert set(seen) <= set(whole) or len(whole) == 10, path


@pytest.mark.parametrize("path", SEARCHES)
async def test_what_is_no_search_is_refused(support: Student, path: str) -> None:
    for wrong in ({"misspelled": 1}, {"limit": 101}, {"limit": 0}, {"limit": "ten"}):
        assert refusal(await support.get(path, **wrong)) == (422, "validation_failed"), wrong
    assert refusal(await support.get(path, cursor="none")) == (422, "invalid_cursor")


async def test_a_filter_that_nothing_can_be_is_refused(support: Student) -> None:
    for path, name, values in (
        ("/admin/subscriptions", "status", ("paid", "")),
        ("/admin/subscriptions", "plan_code", ("a b", "\x00")),
        ("/admin/subscriptions", "user_id", ("0", "-1", str(2**63), "one")),
        ("/admin/subscriptions", "email", ("nobody", "\x00@italiano.example", "a" * 300)),
        ("/admin/subscriptions", "next_action_before", ("soon", "1", "0001-01-01T00:00:00+12:00")),
        ("/admin/users", "id", ("0", str(2**63))),
        ("/admin/invoices", "number", ("\x00", "%", "x" * 41)),
        ("/admin/payments", "status", ("paid",)),
        ("/admin/actions", "actor", ("user 7", "\x00")),
        ("/admin/actions", "action", ("plan.made",)),
        ("/admin/actions", "subject_id", ("\x00", "a b")),
    ):
        for value in values:
            answer = await support.get(path, **{name: value})
            assert refusal(answer) == (422, "validation_failed"), (path, name, value)
    window = {"created_from": "2026-03-02", "created_to": "2026-03-01"}
    assert refusal(await support.get("/admin/subscriptions", **window)) == (422, "validation_failed")
