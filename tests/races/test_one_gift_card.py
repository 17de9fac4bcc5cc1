"""Fifty who have found one gift card: it is given once, and the others have started and paid nothing."""

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
from tests.gift_cards import check_purses, issue
from tests.lives import Life, World
from tests.stack import JWT_SECRET

RACERS = 50
FEWER = 10
ENTER_SECONDS = 60
UNAVAILABLE = 503
NOT_FOUND = (404, "gift_card_not_found")


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

    async def start(self, gift_code: str) -> httpx2.Response:
        """Repeats what was interrupted, as a client is told to."""
        while True:
            answer = await self.student.start(key=self.key, gift_code=gift_code)
            if answer.status_code != UNAVAILABLE:
                return answer

    async def is_in_the_race(self, world: World) -> bool:
        """Whether the API has found the card free, and a workflow is to ask for it."""
        try:
            await world.temporal.get_workflow_handle(f"{self.student.id}:{self.key}").describe()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return False
        return True


async def race(world: World, racers: list[Racer], code: str) -> list[httpx2.Response]:
    """Nobody is served before all have been told that the card is free."""
    await world.stack.stop_worker()
    try:
        answers = asyncio.gather(*(racer.start(code) for racer in racers))
        for racer in racers:
            await eventually(partial(racer.is_in_the_race, world), timeout=ENTER_SECONDS)
    finally:
        await world.stack.start_worker()
    return await answers


async def test_fifty_starts_with_one_card(world: World, admin: Student) -> None:
    [code] = await issue(admin, 5_000)
    racers = [await Racer.enter(world) for _ in range(RACERS)]

    answers = await race(world, racers, code)

    won = [answer.json() for answer in answers if answer.is_success]
    assert [(start["status"], start["gift_cents"]) for start in won] == [("active", 1_990)]
    refusals = [refusal(answer) for answer in answers if not answer.is_success]
    assert refusals == [NOT_FOUND] * (RACERS - 1)
    for racer, answer in zip(racers, answers, strict=True):
        invoices = (await racer.student.get("/invoices")).json()["items"]
        purse = (await racer.student.get("/me/purse")).json()
        assert len(invoices) == len(purse["gift_cards"]) == int(answer.is_success)
    await check_purses(world.database)


async def test_running_subscriptions_redeem_one_card(world: World, admin: Student) -> None:
    [code] = await issue(admin, 5_000)
    lives = [await Life.begin(world) for _ in range(FEWER)]

    answers = await asyncio.gather(
        *(
            life.student.post(f"/subscriptions/{life.subscription_id}/redeem", {"gift_code": code})
            for life in lives
        )
    )

    owners = [life for life, answer in zip(lives, answers, strict=True) if answer.is_success]
    assert len(owners) == 1
    refusals = [refusal(answer) for answer in answers if not answer.is_success]
    assert refusals == [NOT_FOUND] * (FEWER - 1)
    assert [life for life in lives if "gift_redeemed" in (await life.book()).timeline] == owners


async def test_one_user_redeems_a_card_and_starts_with_it(world: World, admin: Student) -> None:
    """Both name the same card for the same user: neither takes it from the other."""
    [code] = await issue(admin, 5_000)
    life = await Life.begin(world)

    redeemed, started = await asyncio.gather(
        life.student.post(f"/subscriptions/{life.subscription_id}/redeem", {"gift_code": code}),
        life.student.start(gift_code=code),
    )

    assert (started.status_code, started.json()["gift_cents"]) == (201, 1_990)
    assert redeemed.is_success or refusal(redeemed) == (409, "subscription_ended")
    purse = (await life.student.get("/me/purse")).json()
    assert purse["totals"] == [{"currency": "EUR", "gift_cents": 3_010, "balance_cents": 0}]
    await check_purses(world.database)
