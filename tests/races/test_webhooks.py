"""Reports race each other: two at once are one payment."""

import asyncio
import itertools
import random
import uuid

from sqlalchemy import text

from tests.at_rest import comes_to_rest
from tests.book import read_book
from tests.client import Student, send_webhook
from tests.deadline import eventually
from tests.gates import Gates
from tests.lives import Life, World
from tests.races.commands import card, report
from workflows.messages import workflow_id

PRICE = 1_990


async def test_two_reports_at_once_are_one_payment(world: World, gates: Gates) -> None:
    async def race(facts: tuple[str, ...]) -> None:
        life = await Life.begin(world)
        events = [(fact, uuid.uuid4().hex) for fact in facts] * 2
        random.shuffle(events)
        await asyncio.gather(
            *(report(life, life.payment_id, fact, event_id=event_id) for fact, event_id in events)
        )
        await life.applies_reports(len(facts))
        state = await comes_to_rest(life)
        book = await life.book()
        assert (state.status, book.invoices, book.payments) == ("active", ["paid"], ["succeeded"])
        assert book.timeline.count("activated") == 1
        assert book.balances["cash_at_provider"] == PRICE

    await asyncio.gather(
        *(
            race(facts)
            for facts in itertools.product(("SUCCEEDED", "FAILED"), repeat=2)
            if "SUCCEEDED" in facts
        )
    )


async def test_one_event_sent_twenty_times_at_once_is_one_payment(world: World) -> None:
    life = await Life.begin(world)
    event_id = uuid.uuid4().hex

    told = await asyncio.gather(
        *(
            send_webhook(world.http, world.stack.webhook_secret, life.payment_id, event_id=event_id)
            for _ in range(20)
        )
    )

    assert {answer.status_code for answer in told} == {200}
    assert sum("duplicate" not in answer.json() for answer in told) == 1
    await life.becomes("active")
    book = await life.book()
    assert (book.reports, book.timeline) == (["applied"], ["opened", "activated"])
    assert book.balances["cash_at_provider"] == PRICE


async def reports_of(world: World, student: Student) -> list[tuple[int, str, int]]:
    """Of everything that this student was to pay: payment, status, and how often each was delivered."""
    query = text(
        "SELECT p.id, w.status, coalesce(w.deliveries, 0) FROM payments p"
        " JOIN invoices i ON i.id = p.invoice_id LEFT JOIN webhook_inbox w ON w.payment_id = p.id"
        " WHERE i.user_id = :id ORDER BY w.id"
    )
    async with world.database.read() as connection:
        return [tuple(row) for row in await connection.execute(query, {"id": student.id})]


async def one_is_delivered(world: World, student: Student) -> None:
    async def is_delivered() -> bool:
        [(_, _, deliveries)] = await reports_of(world, student)
        return deliveries > 0

    await eventually(is_delivered)


async def test_a_report_comes_before_the_step_that_made_its_payment_has_returned(
    world: World, gates: Gates, student: Student
) -> None:
    gate = gates.close("open_subscription_done", workflow_id(student.id, "early"))
    starting = asyncio.create_task(student.start("P30D", "early"))
    await gate.is_reached()
    [(payment_id, *_)] = await reports_of(world, student)

    answer = await send_webhook(world.http, world.stack.webhook_secret, payment_id)
    assert answer.json() == {"ok": True}
    await one_is_delivered(world, student)
    gate.open()

    assert (await starting).json()["payment_id"] == payment_id
    await ends_paid_once(world, student)


async def test_a_report_comes_before_the_answer_to_the_charge(
    world: World, gates: Gates, student: Student
) -> None:
    gate = gates.close("charge_answered", workflow_id(student.id, "early"))
    method = {"payment_method": {"provider": "sandbox", "token": card()}}
    assert (await student.start("P30D", "early", **method)).status_code == 201
    await gate.is_reached()
    await one_is_delivered(world, student)
    gate.open()

    await ends_paid_once(world, student)
    subscription_id = (await student.get("/me/subscription")).json()["subscription_id"]
    assert len(await world.stack.psp.charges(subscription_id)) == 1


async def ends_paid_once(world: World, student: Student) -> None:
    async def is_paid() -> bool:
        return [status for _, status, _ in await reports_of(world, student)] == ["applied"]

    await eventually(is_paid)
    subscription_id = (await student.get("/me/subscription")).json()["subscription_id"]
    book = await read_book(world.database, subscription_id)
    assert (book.status, book.payments) == ("active", ["succeeded"])
    assert book.timeline.count("activated") == 1
    assert book.balances["cash_at_provider"] == PRICE
