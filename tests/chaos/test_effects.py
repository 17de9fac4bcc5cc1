"""A history that is not what happened is found out: each lie by the check that is there for it."""

import json
import random
import uuid
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest

from db.database import Database
from tests.chaos.asking import Desk
from tests.chaos.effects import check_answers_again, check_effects
from tests.chaos.history import History, Operation, Outcome
from tests.client import Student
from tests.lives import Life, World

NOBODYS = 6 * 10**18
DICE = random.Random(1)  # noqa: S311 - the same every time


def done(kind: str, student: Student, answer: Mapping[str, Any], **fields: Any) -> Operation:
    operation = Operation(kind, student, "POST", "/somewhere", None, uuid.uuid4().hex, **fields)
    operation.outcome, operation.answer, operation.status = Outcome.DONE, answer, 200
    return operation


async def complaints(database: Database, operation: Operation) -> list[str]:
    checked = await check_effects(database, History([operation]))
    return [broken for one in checked for broken in one.broken if "report " not in broken]


async def frozen(life: Life) -> Operation:
    """By a request that is in the timeline."""
    operation = done("freeze", life.student, {}, subscription_id=life.subscription_id)
    path = f"/subscriptions/{life.subscription_id}/freeze"
    answer = await life.student.post(path, headers=operation.headers)
    assert answer.is_success, answer.text
    return operation


async def test_what_took_effect_once_is_right_and_must_have_been_a_yes(world: World) -> None:
    life = await Life.begin(world)
    await life.pay()
    database, operation = world.database, await frozen(life)

    assert await complaints(database, operation) == []
    operation.outcome = Outcome.UNKNOWN
    assert await complaints(database, operation) == []
    operation.outcome = Outcome.REFUSED
    assert await complaints(database, operation) == [f"{operation}: took effect 1 times"]


async def test_a_yes_without_an_effect_is_found(database: Database, student: Student) -> None:
    once = done("freeze", student, {}, subscription_id=NOBODYS)
    already = done("cancel", student, {}, subscription_id=NOBODYS)

    assert await complaints(database, once) == [f"{once}: took effect 0 times"]
    assert await complaints(database, already) == [f"{already}: is not so"]


@pytest.mark.parametrize(
    ("kind", "answer", "table"),
    [
        ("refund payment", {"id": NOBODYS}, "refunds"),
        ("issue gift cards", {"batch_id": NOBODYS}, "gift_card_batches"),
        ("add card", {"id": NOBODYS}, "payment_methods"),
    ],
)
async def test_what_was_answered_and_is_not_there_is_found(
    database: Database, student: Student, kind: str, answer: dict[str, int], table: str
) -> None:
    missing = f"{table} {NOBODYS} was answered, and is not there"

    assert await complaints(database, done(kind, student, answer)) == [missing]


async def test_a_report_that_was_taken_and_is_nowhere_is_found(database: Database, student: Student) -> None:
    operation = done("report", student, {"ok": True})
    operation.body = json.dumps({"event_id": "evt-of-nobody"}).encode()

    checked = await check_effects(database, History([operation]))

    assert "report evt-of-nobody is there 0 times" in checked[-1].broken


async def test_another_answer_under_the_same_key_is_found(http: httpx2.AsyncClient, student: Student) -> None:
    desk = Desk([http], History(), DICE)
    started = await desk.ask("start", student, "/subscriptions/start", {"plan_code": "P30D"})
    while started.outcome is not Outcome.DONE:  # some are impatient
        started = await desk.ask("start", student, "/subscriptions/start", {"plan_code": "P30D"})

    assert (await check_answers_again(desk, desk.history, DICE)).broken == []
    started.answer = {**started.answer, "subscription_id": NOBODYS}
    [broken] = (await check_answers_again(desk, desk.history, DICE)).broken
    assert str(NOBODYS) in broken
