"""One key is one subscription: raced, contradicted, refused, and long after."""

import asyncio
import uuid
from typing import Any

from sqlalchemy import text

from tests.client import Student
from tests.forgotten import forget
from tests.lives import Life, World


async def test_twenty_at_once_get_one_answer(world: World, student: Student) -> None:
    key = uuid.uuid4().hex

    answers = await asyncio.gather(*(student.start("P30D", key) for _ in range(20)))

    assert {answer.status_code for answer in answers} == {201}
    assert all(answer.json() == answers[0].json() for answer in answers)
    invoices = (await student.get("/invoices")).json()["items"]
    assert [(invoice["id"], len(invoice["payments"])) for invoice in invoices] == [
        (answers[0].json()["invoice_id"], 1)
    ]


async def test_of_two_bodies_at_once_one_wins(world: World, student: Student) -> None:
    key = uuid.uuid4().hex

    answers = await asyncio.gather(
        *(student.start(plan, key) for plan in ("P30D", "P1Y", "P30D", "P1Y", "P30D", "P1Y"))
    )

    by_status: dict[int, list[Any]] = {}
    for answer in answers:
        by_status.setdefault(answer.status_code, []).append(answer.json())
    assert sorted(by_status) == [201, 422]
    assert {refused["code"] for refused in by_status[422]} == {"idempotency_key_reused"}
    assert len({won["subscription_id"] for won in by_status[201]}) == 1
    assert len((await student.get("/invoices")).json()["items"]) == 1


async def test_many_keys_at_once_leave_one_live_subscription(world: World, student: Student) -> None:
    answers = await asyncio.gather(*(student.start() for _ in range(8)))

    assert {answer.status_code for answer in answers} == {201}
    newest = max(answer.json()["subscription_id"] for answer in answers)
    invoices = (await student.get("/invoices")).json()["items"]
    assert sorted((invoice["subscription_id"], invoice["status"]) for invoice in invoices) == sorted(
        (answer.json()["subscription_id"], "open" if answer.json()["subscription_id"] == newest else "void")
        for answer in answers
    )


async def test_a_refused_start_does_not_burn_its_key(world: World, student: Student) -> None:
    for _ in range(world.stack.settings.starts_per_user_per_hour):
        assert (await student.start()).status_code == 201
    key = uuid.uuid4().hex
    refused = await student.start("P30D", key)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_starts")
    assert refused.headers["Retry-After"]
    assert (await student.start("P30D", key)).json()["code"] == "too_many_starts"

    async with world.database.transaction() as connection:
        await connection.execute(
            text("UPDATE subscriptions SET created_at = created_at - interval '2 hours' WHERE user_id = :id"),
            {"id": student.id},
        )

    assert (await student.start("P30D", key)).status_code == 201


async def test_a_key_is_answered_when_its_workflow_and_history_are_gone(world: World) -> None:
    key = uuid.uuid4().hex
    life = await Life.begin(world, key=key)
    first = (await life.student.start("P30D", key)).json()
    await life.post("cancel", {"at_period_end": False})
    await life.closes()
    await forget(world, life.workflow_id)

    again = await life.student.start("P30D", key)

    assert (again.status_code, again.json()) == (201, first)
    assert again.headers["Idempotency-Replayed"] == "true"
    other = await life.student.start("P1Y", key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
