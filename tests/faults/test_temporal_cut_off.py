"""The line to Temporal breaks under a call: an outage, told soon; the same key goes on where it was."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from time import monotonic

import httpx2
import pytest

from api.app import create_app
from tests.api.shell import client_of
from tests.chaos.links import Link, Weather
from tests.client import Student
from tests.deadline import LONGEST_SECONDS, eventually
from tests.stack import Stack

RPC_TIMEOUT_MS = 200
HOW_MANY = 5
TOLD_WITHIN_SECONDS = 4.0
"""For each try the timeout, and no more of them once it is over: by itself the library goes on for 10 s."""


@pytest.fixture
async def line(stack: Stack) -> AsyncIterator[Link]:
    link = Link("to temporal", [int(stack.temporal_address.rpartition(":")[2])])
    await link.open()
    yield link
    await link.close()


@pytest.fixture
async def at_its_end(
    stack: Stack, line: Link, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx2.AsyncClient]:
    """One more API, in this process, that talks to Temporal by that line, and has not yet."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{line.port}")
    settings = stack.settings.model_copy(update={"workflow_rpc_timeout_ms": RPC_TIMEOUT_MS})
    async with client_of(create_app(settings)) as http:
        yield http


@pytest.mark.parametrize("weather", [Weather.CUT, Weather.REPLY_LOST])
async def test_a_start_whose_line_breaks_is_told_so_soon_and_goes_on_by_its_key(
    student: Student, line: Link, at_its_end: httpx2.AsyncClient, weather: Weather
) -> None:
    key = uuid.uuid4().hex
    await at_its_end.get("/readyz")
    line.change(weather)

    async def is_told_soon() -> httpx2.Response | None:
        """At one time: on a busy machine anything may take a while."""
        asked_at = monotonic()
        answer = await student.through(at_its_end).start("P30D", key)
        return answer if monotonic() - asked_at < TOLD_WITHIN_SECONDS else None

    away = await eventually(is_told_soon)
    assert away is not None

    assert (away.status_code, away.json()["code"]) == (503, "workflow_engine_unavailable")
    assert away.headers["Retry-After"] == "1"
    line.calm()

    async def is_back() -> httpx2.Response:
        answer = await student.through(at_its_end).start("P30D", key)
        assert answer.status_code == httpx2.codes.CREATED, answer.text
        return answer

    started = (await eventually(is_back)).json()
    invoices = (await student.get("/invoices")).json()["items"]
    assert [(invoice["id"], invoice["status"]) for invoice in invoices] == [(started["invoice_id"], "open")]


async def test_a_first_connection_that_hangs_keeps_nobody_waiting(
    student: Student, line: Link, at_its_end: httpx2.AsyncClient
) -> None:
    """Whoever comes waits for a connection of their own, one after the other, each for half a minute."""
    line.change(Weather.HALF_OPEN)
    by_line = student.through(at_its_end)

    async with asyncio.timeout(LONGEST_SECONDS):
        answers = await asyncio.gather(*(by_line.start() for _ in range(HOW_MANY)))

    assert {(a.status_code, a.json()["code"]) for a in answers} == {(503, "workflow_engine_unavailable")}
