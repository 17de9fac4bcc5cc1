"""Canceling at the period's end or now, and taking it back."""

from typing import Any

import pytest
from sqlalchemy import text

from db.database import Database
from tests.api.past_due import past_due
from tests.client import Student, refusal
from tests.clock_turn import turned
from tests.lives import Life, World

AT_PERIOD_END = {"at_period_end": True}
NOW = {"at_period_end": False}


async def lessons(life: Life) -> tuple[int, str | None]:
    answer = await life.student.get("/content/modules")
    return answer.status_code, answer.json()["reason"] if answer.status_code == 403 else None


async def command(life: Life, name: str, body: Any = None) -> dict[str, Any]:
    """The subscription that the command answers with, which is the one that is read after it."""
    answer = await life.post(name, body)
    assert answer.status_code == 200, answer.text
    changed: dict[str, Any] = answer.json()
    assert changed == await life.shown()
    return changed


async def test_at_the_period_s_end_the_lessons_stay_until_then(active: Life) -> None:
    before = await active.shown()
    after = await command(active, "cancel", AT_PERIOD_END)

    assert after["canceled_at"] is not None
    assert after == before | {
        "cancel_at_period_end": True,
        "canceled_at": after["canceled_at"],
        "next_action": "end_period",
        "next_action_at": before["current_period_end"],
        "access": {"allowed": True, "until": before["current_period_end"], "reason": None, "source": "own"},
    }
    assert await lessons(active) == (200, None)


@pytest.mark.parametrize("body", [{}, None, {"reason": "it is too hard"}])
async def test_it_is_what_a_cancel_means_when_it_does_not_say(
    active: Life, body: dict[str, str] | None
) -> None:
    after = await command(active, "cancel", body)

    assert (after["status"], after["cancel_at_period_end"]) == ("active", True)


async def test_now_the_lessons_end(active: Life) -> None:
    after = await command(active, "cancel", NOW)

    assert (after["status"], after["cancel_at_period_end"]) == ("canceled", False)
    assert after["ended_at"] == after["canceled_at"] is not None
    assert await lessons(active) == (403, "expired")
    await active.closes()


async def test_now_after_at_the_period_s_end(active: Life) -> None:
    scheduled = await command(active, "cancel", AT_PERIOD_END)
    after = await command(active, "cancel", NOW)

    assert after["status"] == "canceled"
    assert after["canceled_at"] == scheduled["canceled_at"] < after["ended_at"]
    assert await lessons(active) == (403, "expired")


@pytest.mark.parametrize("body", [AT_PERIOD_END, NOW])
async def test_twice_is_once(active: Life, body: dict[str, bool]) -> None:
    first = await command(active, "cancel", body)
    book = await active.book()

    assert await command(active, "cancel", body) == first
    assert await active.book() == book


async def test_what_has_ended_is_canceled_whichever_way_it_is_asked(active: Life) -> None:
    ended = await command(active, "cancel", NOW)

    assert await command(active, "cancel", AT_PERIOD_END) == ended


@pytest.mark.parametrize("body", [AT_PERIOD_END, NOW])
async def test_what_was_never_paid_is_canceled_at_once(unpaid: Life, body: dict[str, bool]) -> None:
    after = await command(unpaid, "cancel", body)

    assert (after["status"], after["cancel_at_period_end"]) == ("canceled", False)
    assert after["ended_at"] is not None
    [invoice] = (await unpaid.student.get("/invoices")).json()["items"]
    assert (invoice["status"], invoice["payments"][0]["status"]) == ("void", "failed")
    assert (await lessons(unpaid))[0] == 403


async def test_a_cancellation_can_be_taken_back(active: Life) -> None:
    before = await active.shown()
    await command(active, "cancel", AT_PERIOD_END)

    assert await command(active, "uncancel") == before
    assert await lessons(active) == (200, None)
    assert (await active.book()).timeline == ["opened", "activated", "cancel_scheduled", "cancel_withdrawn"]


async def test_there_must_be_one_to_take_back(active: Life) -> None:
    assert refusal(await active.post("uncancel")) == (409, "not_canceling")

    await command(active, "cancel", AT_PERIOD_END)
    await command(active, "uncancel")
    assert refusal(await active.post("uncancel")) == (409, "not_canceling")


async def test_what_has_ended_stays_so(active: Life) -> None:
    ended = await command(active, "cancel", NOW)

    assert refusal(await active.post("uncancel")) == (409, "not_canceling")
    assert await active.shown() == ended


async def test_an_unpaid_one_is_not_canceling(unpaid: Life) -> None:
    assert refusal(await unpaid.post("uncancel")) == (409, "not_canceling")
    assert (await unpaid.shown())["status"] == "incomplete"


async def test_an_expired_one_cannot_be_canceled(unpaid: Life) -> None:
    await unpaid.student.start("P1Y")
    expired = await unpaid.shown()
    assert expired["status"] == "incomplete_expired"

    for body in (AT_PERIOD_END, NOW):
        assert refusal(await unpaid.post("cancel", body)) == (409, "subscription_ended")
    assert refusal(await unpaid.post("uncancel")) == (409, "not_canceling")
    assert await unpaid.shown() == expired


async def test_somebody_else_s_cannot_be_touched(active: Life, bystander: Student) -> None:
    before = await active.book()
    for name, body in (("cancel", NOW), ("uncancel", None)):
        others = await bystander.post(f"/subscriptions/{active.subscription_id}/{name}", body, key="k")
        missing = await bystander.post(f"/subscriptions/9223372036854775807/{name}", body, key="k")
        assert refusal(others) == (404, "subscription_not_found")
        assert others.json() | {"request_id": ""} == missing.json() | {"request_id": ""}
    assert await active.book() == before


async def test_the_reason_is_kept_with_who_and_why_and_nowhere_else(active: Life, database: Database) -> None:
    await command(active, "cancel", AT_PERIOD_END | {"reason": "Troppo caro · canary@italiano.example"})
    await command(active, "uncancel")

    user = f"user:{active.student.id}"
    query = text(
        "SELECT actor, cause, text FROM timeline_entries t LEFT JOIN notes n ON n.id = t.note_id"
        " WHERE subscription_id = :id ORDER BY t.id"
    )
    async with database.read() as connection:
        told = [tuple(row) for row in await connection.execute(query, {"id": active.subscription_id})]
    assert [told[0], *told[2:]] == [
        (user, "asked for", None),
        (user, "asked for", "Troppo caro · canary@italiano.example"),
        (user, "asked for", None),
    ]
    assert told[1][0] == "provider:mock"
    history = await active.world.temporal.get_workflow_handle(active.workflow_id).fetch_history()
    assert b"canary" not in b"".join(event.SerializeToString() for event in history.events)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"[]", "body"),
        (b'"now"', "body"),
        (b'{"at_period_end": "true"}', "at_period_end"),
        (b'{"at_period_end": 1}', "at_period_end"),
        (b'{"at_period_end": null}', "at_period_end"),
        (b'{"reason": ""}', "reason"),
        (b'{"reason": 1}', "reason"),
        (b'{"reason": "a\\u0000b"}', "reason"),
        (b'{"reason": "\\udc00"}', "reason"),
        (b'{"reason": "' + b"x" * 201 + b'"}', "reason"),
        (b'{"status": "active"}', "status"),
        (b'{"ended_at": null}', "ended_at"),
    ],
)
async def test_a_body_that_is_not_understood(unpaid: Life, body: bytes, field: str) -> None:
    answer = await unpaid.student.post_bytes(f"/subscriptions/{unpaid.subscription_id}/cancel", body, key="k")

    assert refusal(answer) == (422, "validation_failed")
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert (await unpaid.shown())["status"] == "incomplete"


@pytest.mark.parametrize("body", [AT_PERIOD_END, NOW])
async def test_what_is_past_due_is_canceled_at_once_and_owes_nothing(
    world: World, admin: Student, body: dict[str, Any]
) -> None:
    life = await past_due(world, admin, card="tok_insufficient_funds")
    canceled = await command(life, "cancel", body)

    assert (canceled["status"], canceled["next_action"]) == ("canceled", None)
    assert (await life.book()).invoices == ["paid", "void"]


async def test_at_the_period_s_end_nothing_is_renewed(world: World, admin: Student) -> None:
    life = await Life.begin(world, card="tok_ok")
    await life.becomes("active")
    await command(life, "cancel", AT_PERIOD_END)
    await turned(admin, life, "P31D")

    ended = await life.shown()
    assert (ended["status"], ended["ended_at"]) == ("canceled", ended["current_period_end"])
    assert (await life.book()).invoices == ["paid"]


async def test_taken_back_it_is_renewed(world: World, admin: Student) -> None:
    life = await Life.begin(world, card="tok_ok")
    await life.becomes("active")
    await command(life, "cancel", AT_PERIOD_END)
    assert (await command(life, "uncancel"))["next_action"] == "renew"
    await turned(admin, life, "P31D")

    assert (await life.book()).invoices == ["paid", "paid"]
