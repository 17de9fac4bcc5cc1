"""The API dies between any two steps; the same request, sent again to another process, finishes the job."""

import uuid
from contextlib import suppress

import httpx2
import pytest

from tests.book import read_book
from tests.client import Student, send_webhook
from tests.deadline import eventually
from tests.faults.replica import held_still, replica_that_dies_at
from tests.lives import Life, World


async def starts_of(world: World, student: Student) -> list[int]:
    invoices = (await student.get("/invoices")).json()["items"]
    return [invoice["subscription_id"] for invoice in invoices]


@pytest.mark.parametrize("step", ["before_the_workflow", "while_the_workflow_starts", "before_the_answer"])
async def test_a_start_is_finished_by_the_same_request(world: World, student: Student, step: str) -> None:
    key = uuid.uuid4().hex
    async with replica_that_dies_at(world.stack, step) as replica:
        with pytest.raises(httpx2.TransportError):
            await replica.as_student(student).start("P30D", key)

    again = await student.start("P30D", key)

    assert again.status_code == 201, again.text
    assert await starts_of(world, student) == [again.json()["subscription_id"]]
    book = await read_book(world.database, again.json()["subscription_id"])
    assert (book.invoices, book.payments, book.timeline) == (["open"], ["pending"], ["opened"])


async def test_a_start_cut_off_in_temporal_finishes_without_anybody_asking_again(
    world: World, student: Student
) -> None:
    async with replica_that_dies_at(world.stack, "while_the_workflow_starts") as replica:
        with pytest.raises(httpx2.TransportError):
            await replica.as_student(student).start()

    async def is_open() -> bool:
        return bool((await student.get("/me/subscription")).json()["status"] == "incomplete")

    await eventually(is_open)


@pytest.mark.parametrize("step", ["webhook_stored", "report_claimed", "report_delivered"])
async def test_a_stored_webhook_is_delivered_by_another_process(world: World, step: str) -> None:
    life = await Life.begin(world)
    async with replica_that_dies_at(world.stack, step) as replica:
        with held_still(world.stack.api.process):
            with suppress(httpx2.TransportError):
                await send_webhook(replica.http, world.stack.webhook_secret, life.payment_id)
            await eventually(replica.has_died)

    repeated = await send_webhook(world.http, world.stack.webhook_secret, life.payment_id)

    assert repeated.json() == {"ok": True, "duplicate": True}
    await life.becomes("active")
    assert (await life.book()).timeline == ["opened", "activated"]


async def test_a_command_is_done_once_though_its_answer_was_never_kept(world: World) -> None:
    life = await Life.begin(world)
    await life.pay()
    await life.post("cancel")
    path, key = f"/subscriptions/{life.subscription_id}/uncancel", uuid.uuid4().hex
    async with replica_that_dies_at(world.stack, "command_done") as replica:
        with pytest.raises(httpx2.TransportError):
            await replica.as_student(life.student).post(path, key=key)

    async def is_answered() -> bool:
        """Once the claim of who died has run out."""
        return (await life.student.post(path, key=key)).status_code == 200

    await eventually(is_answered)
    assert (await life.book()).timeline == [
        "opened",
        "activated",
        "cancel_scheduled",
        "cancel_withdrawn",
    ]


@pytest.mark.parametrize(
    ("commands", "is_then"),
    [
        (["withdraw"], "canceled"),
        (["freeze", "cancel"], "canceled"),
        (["change-plan", "cancel"], "canceled"),
    ],
    ids=" ".join,
)
async def test_a_command_that_was_done_is_answered_so_although_the_subscription_has_ended_since(
    world: World, commands: list[str], is_then: str
) -> None:
    """The answer was lost; the same request again must not be told that it came too late."""
    life = await Life.begin(world, card="tok_ok")
    await life.becomes("active")
    bodies = {"change-plan": {"plan_code": "P1Y", "when": "period_end"}, "cancel": {"at_period_end": False}}
    first, *later = commands
    path, key = f"/subscriptions/{life.subscription_id}/{first}", uuid.uuid4().hex
    async with replica_that_dies_at(world.stack, "command_done") as replica:
        with pytest.raises(httpx2.TransportError):
            await replica.as_student(life.student).post(path, bodies.get(first), key=key)
    for command in later:
        assert (await life.post(command, bodies.get(command))).is_success

    async def answered() -> httpx2.Response:
        again = await life.student.post(path, bodies.get(first), key=key)
        assert again.json().get("code") != "idempotency_in_progress"
        return again

    again = await eventually(answered)

    assert (again.status_code, again.json()["status"]) == (200, is_then)
