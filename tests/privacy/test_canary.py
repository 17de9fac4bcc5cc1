"""Whoever lives through everything leaves nothing personal but in the tables that are made for it.

And nothing there, once they are erased.
"""

import uuid
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from temporalio.client import Client

from db.database import Database
from ops.settings import Settings
from tests.client import Student, refusal
from tests.deadline import eventually
from tests.event_endpoint import Endpoint
from tests.event_receiver import EventReceiver
from tests.lives import World
from tests.privacy.canary import Canary, live_through
from tests.privacy.places import Held, histories, logs_in, metrics_of, rows_with, workflow_ids_of
from tests.reset_mail import ResetMail
from tests.staff import hire
from workflows.deliver_inbox import DeliverInbox

PERSONAL = {"users", "payment_methods", "notes", "staff_actions", "report_replays", "idempotency_keys"}
"""Where it is while they are customers."""

KEPT_BY_THEIR_PROVIDER_S_NAME = {"payment_methods": 2}
"""The tokens of two cards that were charged: money goes back by them."""


@pytest.fixture(scope="module")
async def everything() -> AsyncIterator[EventReceiver]:
    receiver = EventReceiver()
    await receiver.open()
    yield receiver
    await receiver.close()


@pytest.fixture(scope="module")
async def admin(http: httpx2.AsyncClient, database: Database, settings: Settings) -> Student:
    return await hire(http, database, settings, "admin")


@pytest.fixture(scope="module")
async def canary(world: World, admin: Student, everything: EventReceiver) -> AsyncIterator[Canary]:
    """Lives among the others, with somebody who is told of everything."""
    endpoint = await Endpoint.make(admin, everything.url)
    async with ResetMail.opened(admin) as mail:
        yield await live_through(world, admin, mail)
    await admin.delete(endpoint.path)


def found_in(places: Iterable[Held], marks: Iterable[str]) -> list[str]:
    searched = [mark.lower().encode() for mark in marks]
    return [name for name, held in places if any(mark in held.lower() for mark in searched)]


async def test_the_logs_of_every_process(canary: Canary) -> None:
    logs = dict(logs_in(canary.life.world.stack.folder))

    assert {"api.log", "worker.log", "psp.log"} <= logs.keys()
    assert f'"user_id": {canary.student.id}'.encode() in logs["api.log"]
    assert found_in(logs.items(), canary.marks) == []


async def test_the_metrics(canary: Canary, world: World) -> None:
    metrics = [each async for each in metrics_of(world)]

    assert len(metrics) == 2
    assert found_in(metrics, canary.marks) == []


async def test_what_is_said_of_what_was_refused(canary: Canary) -> None:
    assert len(canary.refused) > 10
    assert found_in([(body, body.encode()) for body in canary.refused], canary.marks) == []


async def test_the_histories_of_workflows(canary: Canary, database: Database, temporal: Client) -> None:
    ids = await workflow_ids_of(canary, database)
    held = [each async for each in histories(temporal, ids)]

    assert len(held) > 50
    assert any(name.startswith("event:") for name, _ in held)
    assert found_in([(each, each.encode()) for each in ids], canary.marks) == []
    assert found_in(held, canary.marks) == []


async def test_what_is_told_outside(canary: Canary, everything: EventReceiver) -> None:
    told = everything.of(canary.life.subscription_id)

    assert len(told) > 3
    assert found_in([(each.event["type"], each.body) for each in told], canary.marks) == []


async def test_the_search_finds_what_is_there(canary: Canary, tmp_path: Path, temporal: Client) -> None:
    """In a log, in what a workflow was given and in its id."""
    (tmp_path / "planted.log").write_text(f"somebody called {canary.marker.upper()}\n")
    workflow_id = f"planted-{uuid.uuid4().hex}"
    handle = await temporal.start_workflow(
        DeliverInbox.run, id=workflow_id, task_queue="nobody", memo={"who": canary.student.email}
    )

    async def listed() -> list[Held]:
        return [each async for each in histories(temporal, [workflow_id])]

    held = await eventually(listed)  # a workflow is listed a moment after it was started
    await handle.terminate()

    assert found_in(logs_in(tmp_path), canary.marks) == ["planted.log"]
    assert found_in(held, canary.marks) == [f"{workflow_id} described", f"{workflow_id} event 1"]


async def test_erased_it_is_nowhere(
    canary: Canary,
    database: Database,
    http: httpx2.AsyncClient,
    admin: Student,
    everything: EventReceiver,
) -> None:
    """And those who are told of everything are told to forget."""
    student = canary.student
    assert set(await rows_with(database, canary.marker)) == PERSONAL

    erased = await http.request(
        "DELETE", "/auth/me", json={"password": student.password}, headers=student.bearer
    )
    assert (erased.status_code, erased.content) == (204, b"")

    assert await rows_with(database, canary.marker) == KEPT_BY_THEIR_PROVIDER_S_NAME
    assert "users" not in await rows_with(database, canary.marks[1])
    papers = [(await admin.get(f"/admin/subscriptions/{canary.life.subscription_id}/timeline")).content]
    papers.append((await admin.get("/admin/invoices/export.csv")).content)
    assert found_in([("paper", paper) for paper in papers], canary.marks) == []
    assert found_in(logs_in(canary.life.world.stack.folder), canary.marks) == []
    body = {"email": student.email, "password": student.password}
    assert refusal(await http.post("/auth/login", json=body)) == (401, "bad_credentials")
    assert refusal(await canary.has_done_to(admin, "disable")) == (410, "answer_erased")

    async def others_are_told() -> dict[str, Any]:
        erased = [each.event for each in everything.received if each.event["type"] == "user.erased"]
        assert [event for event in erased if event["data"]["user_id"] == student.id]
        return next(event for event in erased if event["data"]["user_id"] == student.id)

    told = await eventually(others_are_told)
    assert told["data"] == {"user_id": student.id}
    assert (told["sequence"], told["subscription_id"]) == (None, None)
