"""Under a steady flow of webhooks everything is killed in turn: what was answered 200 has its effect."""

import asyncio
import os
import random
import sqlite3
from contextlib import closing

import httpx2
from sqlalchemy import text
from temporalio.client import Client

from db.database import Database
from db.queries.book_invariants import find_violations
from tests.api_description import check_answer
from tests.at_rest import comes_to_rest
from tests.conftest import FreshStack
from tests.deadline import eventually
from tests.faults.journeys import Customers, Ending
from tests.faults.killings import killings, strike
from tests.faults.steady_flow import Flow
from tests.lives import Life, World
from tests.stack import PrivateStack

SEED = int(os.environ.get("STEADY_FLOW_SEED", "1"))
HTTP_SECONDS = 20
SETTLED_WITHIN_SECONDS = 60
LOOKED_AT_AT_ONCE = 4


async def test_everything_is_killed_in_turn_and_the_books_agree(fresh_stack: FreshStack) -> None:
    stack = await fresh_stack(BILLING_WORKFLOW_RPC_TIMEOUT_MS="1500")
    await stack.psp.webhooks(duplicates=2, delay_seconds=1.5, shuffle=True)
    database, temporal = Database.from_settings(stack.settings), await Client.connect(stack.temporal_address)
    hooks = {"response": [check_answer]}
    limits = httpx2.Limits(max_connections=200, max_keepalive_connections=20)
    async with httpx2.AsyncClient(
        base_url=stack.api_url, timeout=HTTP_SECONDS, event_hooks=hooks, limits=limits
    ) as http:
        dice = random.Random(SEED)  # noqa: S311 - the same flow once more for the same seed
        flow = Flow(World(stack, http, temporal, database), dice)
        customers = Customers(flow)
        for killing in dice.sample(killings(stack), k=4):
            await strike(killing, flow, customers)
        lives = await customers.close_the_doors()

        await nothing_waits(stack, database)
        await all_end_as_they_should(lives)
        await every_event_is_there_once(stack, flow, database)
        async with database.read() as connection:
            assert await find_violations(connection) == {}
    await database.close()


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
