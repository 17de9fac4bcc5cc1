"""Fifty want the last redemption of a code at once: one gets it, and the next when it is given back."""

import asyncio
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx2
from temporalio.service import RPCError, RPCStatusCode

from api.auth.tokens import AccessClaims, TokenIssuer
from db.tables.accounts import User
from tests.client import Student, refusal
from tests.db.promo_codes import counted
from tests.db.rows import insert_row
from tests.deadline import eventually
from tests.lives import World
from tests.stack import JWT_SECRET
from tests.staff import make_promo_code

RACERS = 50
LOSERS = 5
"""So many try again, each under the key that it was refused under."""

ENTER_SECONDS = 60
UNAVAILABLE = 503


@dataclass(frozen=True)
class Racer:
    """Signed in without a password: fifty of those would take longer than the race."""

    student: Student
    key: str

    @classmethod
    async def enter(cls, world: World) -> "Racer":
        student = Student(world.http, email="", password="")
        async with world.database.transaction() as connection:
            student.id = await insert_row(connection, User)
        now = datetime.now(UTC)
        student.access_token = TokenIssuer((JWT_SECRET,), "HS256").issue_access(
            AccessClaims(student.id, "student"), issued_at=now, expires_at=now + timedelta(minutes=10)
        )
        return cls(student, uuid.uuid4().hex)

    async def start(self, promo_code: str) -> httpx2.Response:
        """Repeats what was interrupted, as a client is told to."""
        while True:
            answer = await self.student.start(key=self.key, promo_code=promo_code)
            if answer.status_code != UNAVAILABLE:
                return answer

    async def is_in_the_race(self, world: World) -> bool:
        """Whether the API has found the code free, and a workflow is to ask for it."""
        try:
            await world.temporal.get_workflow_handle(f"{self.student.id}:{self.key}").describe()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False
        return True


async def test_the_last_one_is_given_once(world: World, admin: Student) -> None:
    code = await make_promo_code(admin, max_redemptions=1, percent_off=50)
    racers = [await Racer.enter(world) for _ in range(RACERS)]

    answers = await race(world, racers, code)

    [winner] = [racer for racer, answer in zip(racers, answers, strict=True) if answer.is_success]
    refusals = [refusal(answer) for answer in answers if not answer.is_success]
    assert refusals == [(409, "promo_code_exhausted")] * (RACERS - 1)
    await assert_held_by(world, code, ["reserved"])
    for racer in racers:
        has_started = (await racer.student.get("/me/subscription")).json()["status"] != "inactive"
        assert has_started is (racer is winner)
        assert len((await racer.student.get("/invoices")).json()["items"]) == has_started

    started = (await winner.start(code)).json()
    assert started["promo_code"] == code
    canceled = await winner.student.post(f"/subscriptions/{started['subscription_id']}/cancel", {})
    assert canceled.is_success
    await assert_held_by(world, code, ["released"])

    losers = [racer for racer in racers if racer is not winner][:LOSERS]
    again = await asyncio.gather(*(racer.start(code) for racer in losers))
    assert sorted(answer.status_code for answer in again) == [201] + [409] * (LOSERS - 1)
    await assert_held_by(world, code, ["released", "reserved"])


async def race(world: World, racers: list[Racer], code: str) -> list[httpx2.Response]:
    """Nobody is served before all have been told that the code is free."""
    await world.stack.stop_worker()
    try:
        answers = asyncio.gather(*(racer.start(code) for racer in racers))
        for racer in racers:
            await eventually(partial(racer.is_in_the_race, world), timeout=ENTER_SECONDS)
    finally:
        await world.stack.start_worker()
    return await answers


async def assert_held_by(world: World, code: str, redemptions: list[str]) -> None:
    async with world.database.read() as connection:
        assert await counted(connection, code) == (
            sum(status != "released" for status in redemptions),
            redemptions,
        )
