"""Under a steady flow of webhooks everything is killed in turn: what was answered 200 has its effect."""

import asyncio
import os
import random
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing

import httpx2
import pytest
from sqlalchemy import text
from temporalio.client import Client

from db.database import Database
from tests.api_description import check_answer
from tests.at_rest import comes_to_rest
from tests.conftest import FreshStack
from tests.deadline import eventually
from tests.faults.journeys import Ending, customers_of
from tests.faults.killings import killings, strike
from tests.faults.steady_flow import Flow
from tests.lives import Life, World
from tests.stack import PrivateStack
from tests.violations import find_violations

SEED = int(os.environ.get("STEADY_FLOW_SEED", "1"))
HTTP_SECONDS = 20
SETTLED_WITHIN_SECONDS = 60
LOOKED_AT_AT_ONCE = 4


@pytest.fixture
async def fragile_world(fresh_stack: FreshStack) -> AsyncIterator[tuple[PrivateStack, World]]:
    """Whose provider sends each report three times, late and in any order."""
    stack = await fresh_stack(BILLING_WORKFLOW_RPC_TIMEOUT_MS="1500", BILLING_ROUTINES_ENABLED="true")
    await stack.psp.webhooks(duplicates=2, delay_seconds=1.5, shuffle=True)
    temporal, database = await Client.connect(stack.temporal_address), Database.from_settings(stack.settings)
    hooks = {"response": [check_answer]}
    limits = httpx2.Limits(max_connections=200, max_keepalive_connections=20)
    async with httpx2.AsyncClient(
        base_url=stack.api_url, timeout=HTTP_SECONDS, event_hooks=hooks, limits=limits
    ) as http:
        yield stack, World(stack, http, temporal, database)
    await database.close()


async def test_everything_is_killed_in_turn_and_the_books_agree(
    fragile_world: tuple[PrivateStack, World],
) -> None:
    stack, world = fragile_world
    dice = random.Random(SEED)  # noqa: S311 - the same flow once more for the same seed
    flow = Flow(world, dice)
    async with customers_of(flow) as customers:
        for killing in dice.sample(killings(stack), k=4):
            await strike(killing, flow, customers)
        lives = await customers.close_the_doors()

    await nothing_waits(stack, world.database)
    await all_end_as_they_should(lives)
    await the_providers_own_store_agrees(stack, world.database)
    await every_event_is_there_once(stack, flow, world.database)
    async with world.database.read() as connection:
        assert await find_violations(connection) == {}


async def nothing_waits(stack: PrivateStack, database: Database) -> None:
    """Neither at the provider nor in the inbox: within a bounded time after the last fault."""
    waiting = text("SELECT count(*) FROM webhook_inbox WHERE status = 'received'")

    async def is_settled() -> bool:
        async with database.read() as connection:
            received = (await connection.execute(waiting)).scalar_one()
        pending = (await stack.psp.get("/v1/deliveries/pending")).json()["count"]
        assert (received, pending) == (0, 0)
        return True

    await eventually(is_settled, SETTLED_WITHIN_SECONDS)


async def all_end_as_they_should(lives: list[tuple[Life, Ending]]) -> None:
    """Some at a time: each looks into the database again and again."""
    some = asyncio.Semaphore(LOOKED_AT_AT_ONCE)

    async def one_of_them(life: Life, ending: Ending) -> None:
        async with some:
            await ends_as_it_should(life, ending)

    await asyncio.gather(*(one_of_them(life, ending) for life, ending in lives))


async def ends_as_it_should(life: Life, ending: Ending) -> None:
    """And its books are balanced, in one legal order, with the same money at the provider."""
    await comes_to_rest(life)
    book = await life.book()
    cash_cents = book.balances.get("cash_at_provider", 0)
    assert Ending(book.status, book.invoices, book.payments, cash_cents) == ending, book


async def the_providers_own_store_agrees(stack: PrivateStack, database: Database) -> None:
    """As a whole, also of charges that no customer here knows of; each by itself was looked at before."""
    with closing(sqlite3.connect(stack.psp.database)) as psp_book:
        theirs = psp_book.execute(
            "SELECT status, count(*), sum(amount_cents) FROM charges GROUP BY status ORDER BY status"
        ).fetchall()
    ours = text(
        "SELECT status, count(*), sum(coalesce(received_cents, amount_cents))::bigint FROM payments"
        " WHERE provider = 'sandbox' GROUP BY status ORDER BY status"
    )
    async with database.read() as connection:
        assert [tuple(row) for row in await connection.execute(ours)] == theirs
    assert {status for status, *_ in theirs} == {"succeeded", "failed"}


async def every_event_is_there_once(stack: PrivateStack, flow: Flow, database: Database) -> None:
    """Whatever was answered 200, and however often it was sent."""
    by_hand = {f"event:{event_id}" for event_id in flow.accepted}
    with closing(sqlite3.connect(stack.psp.database)) as psp_book:
        sent = psp_book.execute(
            "SELECT DISTINCT 'event:' || json_extract(body, '$.event_id') FROM deliveries"
            " WHERE delivered_at IS NOT NULL"
        ).fetchall()
    by_card = {row[0] for row in sent}
    async with database.read() as connection:
        rows = (await connection.execute(text("SELECT fact_key, status FROM webhook_inbox"))).all()

    assert by_hand
    assert by_card
    assert sorted(row.fact_key for row in rows if row.status != "ignored") == sorted(
        (by_hand | by_card) - {row.fact_key for row in rows if row.status == "ignored"}
    )
    assert by_hand | by_card == {row.fact_key for row in rows}
    assert {row.status for row in rows} <= {"applied", "ignored"}
