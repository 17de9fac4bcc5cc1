"""More requests than a process takes on at a time: refused at once, each kind by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from starlette.responses import Response

from api.middleware.admission import Admission
from api.middleware.machines import ASKED_BY_MACHINES
from tests.api.shell import client_of, shell_app, shell_settings
from tests.deadline import eventually

KINDS = [
    ("GET", "/probe/held"),
    ("POST", "/probe/held"),
    ("POST", "/auth/held"),
    ("POST", "/payments/webhook/held"),
]
OVERLOADED = (503, "overloaded", "1")


class Held:
    """Requests that are under way until they may end."""

    def __init__(self) -> None:
        self.came = asyncio.Semaphore(0)
        self.may_end = asyncio.Event()

    async def answer(self) -> str:
        self.came.release()
        await self.may_end.wait()
        return "done"


@asynccontextmanager
async def full(method: str, path: str) -> AsyncIterator[tuple[httpx2.AsyncClient, Held]]:
    """An API that takes two at a time, and has two of this kind."""
    app: FastAPI = shell_app(shell_settings(requests_at_once=2))
    held = Held()
    for each_method, each_path in KINDS:
        app.add_api_route(each_path, held.answer, methods=[each_method])
    async with client_of(app) as client, asyncio.TaskGroup() as tasks:
        under_way = [tasks.create_task(client.request(method, path)) for _ in range(2)]
        for _ in under_way:
            await held.came.acquire()
        yield client, held
        held.may_end.set()
    assert [task.result().status_code for task in under_way] == [200, 200]


def told(answer: httpx2.Response) -> tuple[int, str, str | None]:
    return answer.status_code, answer.json()["code"], answer.headers.get("Retry-After")


@pytest.mark.parametrize(("method", "path"), KINDS)
async def test_one_more_of_its_kind_is_refused_at_once_and_the_others_go_on(method: str, path: str) -> None:
    async with full(method, path) as (client, held):
        assert told(await client.request(method, path)) == OVERLOADED
        others = [kind for kind in KINDS if kind != (method, path)]
        waiting = [asyncio.create_task(client.request(*other)) for other in others]
        for _ in waiting:
            await held.came.acquire()
        for machine in sorted(ASKED_BY_MACHINES):
            assert "overloaded" not in (await client.get(machine)).text
        held.may_end.set()
        assert [(await each).status_code for each in waiting] == [200] * 3


async def test_a_page_is_refused_as_a_page() -> None:
    async with full("GET", "/probe/held") as (client, _):
        refused = await client.get("/console/subscriptions")

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
    assert refused.headers["Content-Type"].startswith("text/html")
    assert "overloaded" in refused.text


async def test_whoever_has_ended_makes_room() -> None:
    async with full("POST", "/probe/held") as (client, held):
        refused = await client.post("/probe/held")
        held.may_end.set()

        async def is_let_in() -> bool:
            return (await client.post("/probe/held")).is_success

        await eventually(is_let_in)
    assert told(refused) == OVERLOADED
    assert refused.headers["x-content-type-options"] == "nosniff"


async def test_staff_sign_in_where_everybody_does() -> None:
    async with full("POST", "/auth/held") as (client, _):
        assert (await client.post("/console/login")).status_code == httpx2.codes.SERVICE_UNAVAILABLE


async def test_a_body_that_comes_slowly_takes_no_room() -> None:
    asked, goes_on = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"text": '
        asked.set()
        await goes_on.wait()
        yield b'"at last"}'

    json = {"Content-Type": "application/json"}
    async with client_of(shell_app(shell_settings(requests_at_once=1))) as client:
        slow = asyncio.create_task(client.post("/probe/raw", content=slowly(), headers=json))
        await asked.wait()
        assert (await client.post("/probe/notes", json={})).status_code == 200
        goes_on.set()
        assert (await slow).json() == {"size": 19}


async def test_an_answer_that_is_taken_slowly_takes_no_room() -> None:
    is_waiting, may_take = asyncio.Event(), asyncio.Event()

    async def take_slowly(_: Any) -> None:
        is_waiting.set()
        await may_take.wait()

    admission = Admission(Response(), at_once=1)
    slow = asyncio.create_task(admission(dict(READ), nothing_more, take_slowly))
    await is_waiting.wait()
    assert await status_from(admission) == 200
    may_take.set()
    await slow


async def test_whoever_was_waited_for_has_their_place_again() -> None:
    works, may_end = asyncio.Event(), asyncio.Event()

    async def work(_scope: Any, receive: Any, _send: Any) -> None:
        await receive()
        works.set()
        await may_end.wait()

    admission = Admission(work, at_once=1)
    first = asyncio.create_task(admission(dict(READ), nothing_more, nothing_more))
    await works.wait()
    assert await status_from(admission) == 503
    may_end.set()
    await first


READ = {"type": "http", "method": "GET", "path": "/docs"}


async def nothing_more(*_: Any) -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


async def status_from(admission: Admission) -> int:
    sent: list[Any] = []

    async def take(message: Any) -> None:
        sent.append(message)

    await admission(dict(READ), nothing_more, take)
    status: int = sent[0]["status"]
    return status


async def test_a_request_that_failed_makes_room_too() -> None:
    async with client_of(shell_app(shell_settings(requests_at_once=1))) as client:
        for _ in range(3):
            assert (await client.get("/probe/broken")).json()["code"] == "internal_error"
        counted = (await client.get("/metrics")).text
    assert 'http_requests_total{method="GET",route="/probe/broken",status="500"} 3.0' in counted
    assert 'route="refused"' not in counted


async def test_the_refused_are_counted_on_no_route() -> None:
    async with full("GET", "/probe/held") as (client, _):
        await client.get("/probe/held")
        counted = (await client.get("/metrics")).text
    assert 'http_requests_total{method="GET",route="refused",status="503"} 1.0' in counted


async def test_a_refused_start_counts_against_the_objective_of_starts() -> None:
    async with full("POST", "/probe/held") as (client, _):
        await client.post("/subscriptions/start")
        counted = (await client.get("/metrics")).text
    assert 'http_requests_total{method="POST",route="/subscriptions/start",status="503"} 1.0' in counted
    assert 'route="refused"' not in counted
