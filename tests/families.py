"""Families for tests: an owner who has paid, and who joins. Signed in without passwords, to be quick."""

from typing import Any

import httpx2
from sqlalchemy import text

from tests.client import Student
from tests.lives import Life, World
from tests.races.racers import Racer

FAMILY_PLAN = "P1Y-FAMILY"
SEATS = 5


async def somebody(world: World) -> Student:
    return (await Racer.enter(world)).student


async def begin_family(world: World, plan_code: str = FAMILY_PLAN, *, card: str | None = None) -> Life:
    life = await Life.begin(world, plan_code, student=await somebody(world), card=card)
    if card is None:
        await life.pay()
    else:
        await life.becomes("active")
    return life


def of(life: Life, rest: str) -> str:
    return f"/subscriptions/{life.subscription_id}/{rest}"


async def invite(life: Life, *, key: str | None = None) -> dict[str, Any]:
    answer = await life.student.post(of(life, "members"), key=key)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def accept(student: Student, token: str, *, key: str | None = None) -> httpx2.Response:
    return await student.post(f"/invitations/{token}/accept", key=key)


async def join(life: Life, student: Student | None = None) -> Student:
    """Somebody new, unless a student is named."""
    student = student or await somebody(life.world)
    answer = await accept(student, (await invite(life))["token"])
    assert answer.status_code == 200, answer.text
    return student


async def shown(life: Life) -> dict[str, Any]:
    answer = await life.student.get(of(life, "members"))
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def member_ids(life: Life) -> list[int]:
    return [member["user_id"] for member in (await shown(life))["members"]]


async def transfer(life: Life, to: Student, *, key: str | None = None) -> httpx2.Response:
    return await life.student.post(of(life, "transfer"), {"user_id": to.id}, key=key)


async def has_lessons(student: Student) -> bool:
    return (await student.get("/content/modules")).is_success


async def events_out(life: Life, *names: str) -> list[dict[str, Any]]:
    """What is told of these outside, in order."""
    query = text("SELECT event, details FROM outbox WHERE subscription_id = :id ORDER BY id")
    async with life.world.database.read() as connection:
        rows = await connection.execute(query, {"id": life.subscription_id})
        return [{"event": row.event, **row.details} for row in rows if row.event in names]
