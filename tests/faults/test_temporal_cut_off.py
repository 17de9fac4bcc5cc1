"""The line to Temporal breaks under a call: an outage, told soon; the same key goes on where it was."""

import uuid
from collections.abc import AsyncIterator
from time import monotonic

import httpx2
import pytest

from api.app import create_app
from tests.api.shell import client_of
from tests.chaos.links import Link, Weather
from tests.client import Student
from tests.deadline import eventually
from tests.stack import Stack

RPC_TIMEOUT_MS = 200
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
    """One more API, in this process, that has talked to Temporal by that line."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{line.port}")
    settings = stack.settings.model_copy(update={"workflow_rpc_timeout_ms": RPC_TIMEOUT_MS})
    async with client_of(create_app(settings)) as http:
        await http.get("/readyz")
        yield http


@pytest.mark.parametrize("weather", [Weather.CUT, Weather.REPLY_LOST])
async def test_a_start_whose_line_breaks_is_told_so_soon_and_goes_on_by_its_key(
    student: Student, line: Link, at_its_end: httpx2.AsyncClient, weather: Weather
) -> None:
    key = uuid.uuid4().hex
    line.change(weather)

    asked_at = monotonic()
    away = await student.through(at_its_end).start("P30D", key)
    assert monotonic() - asked_at < TOLD_WITHIN_SECONDS

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
