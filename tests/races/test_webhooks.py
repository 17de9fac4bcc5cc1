"""Reports race each other: two at once are one payment."""

import asyncio
import itertools
import random
import uuid
from typing import Any

from tests.at_rest import comes_to_rest
from tests.client import send_webhook
from tests.gates import Gates
from tests.lives import Life, World

PRICE = 1_990


async def report(life: Life, status: str = "SUCCEEDED", **fields: Any) -> None:
    """As the provider does it, without waiting for what comes of it."""
    answer = await send_webhook(
        life.world.http, life.world.stack.webhook_secret, life.payment_id, status, **fields
    )
    assert answer.status_code == 200, answer.text


async def test_two_reports_at_once_are_one_payment(world: World, gates: Gates) -> None:
    async def race(facts: tuple[str, ...]) -> None:
        life = await Life.begin(world)
        events = [(fact, uuid.uuid4().hex) for fact in facts] * 2
        random.shuffle(events)
        await asyncio.gather(*(report(life, fact, event_id=event_id) for fact, event_id in events))
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
