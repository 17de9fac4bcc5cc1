"""Many who ask for one thing at once, which only one can have: the last of a promo code, or a gift card."""

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
from tests.db.rows import insert_row
from tests.deadline import eventually
from tests.lives import World
from tests.stack import JWT_SECRET

RACERS = 50
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

    async def start(self, **wanted: str) -> httpx2.Response:
        """Repeats what was interrupted, as a client is told to."""
        while True:
            answer = await self.student.start(key=self.key, **wanted)
            if answer.status_code != UNAVAILABLE:
                return answer

    async def is_in_the_race(self, world: World) -> bool:
        """Whether the API has found free what is wanted, and a workflow is to ask for it."""
        try:
            await world.temporal.get_workflow_handle(f"{self.student.id}:{self.key}").describe()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False
        return True


async def enter_all(world: World) -> list[Racer]:
    return [await Racer.enter(world) for _ in range(RACERS)]


async def race(world: World, racers: list[Racer], **wanted: str) -> list[httpx2.Response]:
    """Nobody is served before all have been told that it is free."""
    await world.stack.stop_worker()
    try:
        answers = asyncio.gather(*(racer.start(**wanted) for racer in racers))
        for racer in racers:
            await eventually(partial(racer.is_in_the_race, world), timeout=ENTER_SECONDS)
    finally:
        await world.stack.start_worker()
    return await answers


def refusals(answers: list[httpx2.Response]) -> list[tuple[int, str]]:
    return [refusal(answer) for answer in answers if not answer.is_success]
