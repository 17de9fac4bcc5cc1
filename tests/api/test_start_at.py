"""A start in the future: the subscription's own time begins there, and everybody else's stays."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from api.app import create_app
from cli.dev.temporal import EmbeddedTemporal
from ops.settings import Settings
from tests.api.shell import client_of
from tests.client import Student, refusal
from tests.deadline import eventually
from tests.lives import World

SOON = timedelta(minutes=1)
START_AT = "2031-01-31T10:30:00.123456Z"


async def start_at(student: Student, at: Any, *, key: str | None = None) -> httpx2.Response:
    body = {"plan_code": "P6M", "start_at": at}
    key = key or uuid.uuid4().hex

    async def is_answered() -> httpx2.Response:
        """Cut short, as on a busy machine, it is gone on with by the same request."""
        answer = await student.post("/subscriptions/start", body, key=key)
        assert answer.status_code != httpx2.codes.SERVICE_UNAVAILABLE, answer.text
        return answer

    return await eventually(is_answered)


async def clock_offset(world: World, subscription_id: int) -> timedelta:
    async with world.database.read() as connection:
        query = text("SELECT clock_offset FROM subscriptions WHERE id = :id")
        offset: timedelta = (await connection.execute(query, {"id": subscription_id})).scalar_one()
        return offset


async def test_it_begins_at_that_very_instant(world: World, student: Student) -> None:
    answer = await start_at(student, START_AT)

    assert answer.status_code == 201, answer.text
    started = answer.json()
    assert (started["period_start"], started["period_end"]) == (START_AT, "2031-07-31T10:30:00.123456Z")
    own_now = datetime.now(UTC) + await clock_offset(world, started["subscription_id"])
    began = datetime.fromisoformat(START_AT)
    assert began <= own_now < began + SOON
    mine = (await student.get("/me/subscription")).json()
    assert (mine["status"], mine["next_action"]) == ("incomplete", "expire")
    assert mine["next_action_at"] == "2031-02-01T09:30:00.123456Z"


async def test_the_same_request_twice_at_once_and_once_more(world: World, student: Student) -> None:
    key = uuid.uuid4().hex
    first, second = await asyncio.gather(
        start_at(student, START_AT, key=key), start_at(student, START_AT, key=key)
    )
    third = await start_at(student, START_AT, key=key)

    assert [answer.status_code for answer in (first, second, third)] == [201] * 3, first.text + second.text
    assert first.json() == second.json() == third.json()
    assert third.headers["idempotency-replayed"] == "true"


async def test_cut_off_before_its_offset_was_kept_it_is_finished(world: World, student: Student) -> None:
    key = uuid.uuid4().hex
    subscription_id = (await start_at(student, START_AT, key=key)).json()["subscription_id"]
    kept = await clock_offset(world, subscription_id)
    async with world.database.transaction() as connection:
        forget = text("UPDATE subscriptions SET clock_offset = '0' WHERE id = :id")
        await connection.execute(forget, {"id": subscription_id})

    assert (await start_at(student, START_AT, key=key)).status_code == 201
    assert abs(await clock_offset(world, subscription_id) - kept) < SOON


async def test_a_moment_ahead_needs_no_jump(student: Student) -> None:
    at = (datetime.now(UTC) + timedelta(seconds=5)).isoformat().replace("+00:00", "Z")
    assert (await start_at(student, at)).json()["period_start"] == at


@pytest.mark.parametrize(
    ("at", "code"),
    [
        ("2020-01-01T00:00:00Z", "start_at_is_past"),
        ("9999-12-31T23:59:59Z", "start_at_too_far"),
        ("2031-01-31T10:30:00", "validation_failed"),
        ("tomorrow", "validation_failed"),
        ("1924989000", "validation_failed"),
        (1_924_989_000, "validation_failed"),
        ("9999-12-31T23:59:59-01:00", "validation_failed"),
        (True, "validation_failed"),
    ],
)
async def test_no_instant_to_come(student: Student, at: Any, code: str) -> None:
    assert refusal(await start_at(student, at)) == (422, code)
    assert (await student.get("/me/subscription")).json()["status"] == "inactive"


async def test_where_there_is_no_virtual_clock(
    settings: Settings, temporal_server: EmbeddedTemporal, student: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    async with client_of(create_app(settings.model_copy(update={"virtual_clock": False}))) as http:
        elsewhere = Student(http, email=student.email, password=student.password)
        await elsewhere.login()
        assert refusal(await start_at(elsewhere, START_AT)) == (422, "start_at_not_enabled")
    assert (await student.get("/me/subscription")).json()["status"] == "inactive"


async def test_while_the_worker_is_away_it_waits_and_is_finished_by_the_same_request(
    world: World, student: Student, impatient: httpx2.AsyncClient
) -> None:
    key = uuid.uuid4().hex
    await world.stack.stop_worker()
    try:
        body = {"plan_code": "P6M", "start_at": START_AT}
        away = await student.through(impatient).post("/subscriptions/start", body, key=key)
    finally:
        await world.stack.start_worker()
    assert refusal(away) == (503, "workflow_engine_unavailable")

    answer = await start_at(student, START_AT, key=key)
    assert (answer.status_code, answer.json()["period_start"]) == (201, START_AT)
    assert await clock_offset(world, answer.json()["subscription_id"]) > timedelta(days=365)
