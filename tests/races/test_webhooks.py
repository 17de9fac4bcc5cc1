"""Reports race each other: two at once are one payment."""

import asyncio
import itertools
import random
import uuid

from tests.at_rest import comes_to_rest
from tests.client import send_webhook
from tests.gates import Gates
from tests.lives import Life, World
from tests.races.commands import report

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
