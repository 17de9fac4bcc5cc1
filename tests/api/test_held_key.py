"""A request that takes longer than its claim lasts: nobody takes over while it lives; one answer is kept."""

import asyncio
import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy import text

from api import held_key
from api.idempotency import AnswerKeeper
from api.problems import Problem
from db.database import Database
from db.tables.accounts import User
from tests.db.rows import insert_row
from tests.deadline import eventually


class Told(BaseModel):
    by: str


class Repeated:
    """One request under one key, sent as often as a test wants."""

    def __init__(self, database: Database, user_id: int) -> None:
        self._database, self._user_id, self._key = database, user_id, uuid.uuid4().hex
        self.goes_on = asyncio.Event()
        self.began = asyncio.Event()

    async def send(self, by: str, refused: Problem | None = None) -> JSONResponse:
        async def act(_command_id: str) -> Told:
            self.began.set()
            if refused is not None:
                raise refused
            await self.goes_on.wait()
            return Told(by=by)

        return await AnswerKeeper(self._database).once(self._user_id, self._key, "hash", act)

    async def claimed_until(self) -> datetime:
        async with self._database.read() as connection:
            query = text("SELECT locked_until FROM idempotency_keys WHERE key = :key")
            until: datetime = (await connection.execute(query, {"key": self._key})).scalar_one()
        return until

    async def lapse(self) -> None:
        """As after a process that stood still for as long."""
        async with self._database.transaction() as connection:
            query = text("UPDATE idempotency_keys SET locked_until = now() - :by WHERE key = :key")
            await connection.execute(query, {"key": self._key, "by": timedelta(seconds=1)})


@pytest.fixture
async def repeated(database: Database) -> Repeated:
    async with database.transaction() as connection:
        return Repeated(database, await insert_row(connection, User))


def said(answer: JSONResponse) -> tuple[int, Any, str | None]:
    return answer.status_code, answer.body, answer.headers.get("Idempotency-Replayed")


async def test_its_claim_is_renewed_for_as_long_as_it_takes(
    repeated: Repeated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_key, "RENEWED_SECONDS", 0.05)
    first = asyncio.create_task(repeated.send("first"))
    await repeated.began.wait()
    claimed = await repeated.claimed_until()

    async def is_renewed() -> bool:
        return await repeated.claimed_until() > claimed

    await eventually(is_renewed)
    with pytest.raises(Problem, match="still running"):
        await repeated.send("second")
    repeated.goes_on.set()

    assert said(await first) == (200, b'{"by":"first"}', None)
    assert said(await repeated.send("third")) == (200, b'{"by":"first"}', "true")


async def test_of_two_that_live_the_first_answer_is_the_keys(repeated: Repeated) -> None:
    """The first stood still for so long that the second took over."""
    first = asyncio.create_task(repeated.send("first"))
    await repeated.began.wait()
    await repeated.lapse()
    repeated.began.clear()
    second = asyncio.create_task(repeated.send("second"))
    await repeated.began.wait()
    repeated.goes_on.set()

    answers = {said(await first), said(await second)}

    [(_, told, _)] = [answer for answer in answers if answer[2] is None]
    assert answers == {(200, told, None), (200, told, "true")}
    assert said(await repeated.send("third")) == (200, told, "true")


async def test_a_refusal_takes_no_answer_away(repeated: Repeated) -> None:
    first = asyncio.create_task(repeated.send("first"))
    await repeated.began.wait()
    await repeated.lapse()
    refused = Problem(422, "payment_method_invalid", "It is attached already.")
    with pytest.raises(Problem, match="attached already"):
        await repeated.send("second", refused)
    repeated.goes_on.set()

    told = said(await first)

    assert told[:2] == (200, b'{"by":"first"}')
    assert said(await repeated.send("third")) == (200, b'{"by":"first"}', "true")


async def test_a_database_that_is_away_for_a_moment_costs_no_request(
    repeated: Repeated, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def is_away(*_: object) -> None:
        asked.set()
        raise ConnectionError("away")

    monkeypatch.setattr(held_key, "RENEWED_SECONDS", 0.01)
    monkeypatch.setattr("db.queries.idempotency.hold_on", is_away)
    first = asyncio.create_task(repeated.send("first"))
    await asked.wait()
    repeated.goes_on.set()

    assert said(await first) == (200, b'{"by":"first"}', None)
