"""What is so once the steady flow has ended: nothing waits, all ended as they should, the books agree."""

import asyncio
import sqlite3
from contextlib import closing

from sqlalchemy import text

from db.database import Database
from tests.at_rest import comes_to_rest
from tests.deadline import eventually
from tests.faults.journeys import Ending
from tests.faults.steady_flow import Flow
from tests.lives import Life
from tests.stack import Stack
from tests.violations import find_violations

SETTLED_WITHIN_SECONDS = 60
LOOKED_AT_AT_ONCE = 4


async def everything_is_settled(flow: Flow, lives: list[tuple[Life, Ending]]) -> None:
    stack, database = flow.world.stack, flow.world.database
    await _nothing_waits(stack, database)
    await _all_end_as_they_should(lives)
    await _the_providers_own_store_agrees(stack, database)
    await _every_event_is_there_once(stack, flow, database)
    async with database.read() as connection:
        assert await find_violations(connection) == {}


async def _nothing_waits(stack: Stack, database: Database) -> None:
    """Neither at the provider nor in the inbox: within a bounded time after the last fault."""
    waiting = text("SELECT count(*) FROM webhook_inbox WHERE status = 'received'")

    async def is_settled() -> bool:
        async with database.read() as connection:
            received = (await connection.execute(waiting)).scalar_one()
        pending = (await stack.psp.get("/v1/deliveries/pending")).json()["count"]
        assert (received, pending) == (0, 0)
        return True

    await eventually(is_settled, SETTLED_WITHIN_SECONDS)


async def _all_end_as_they_should(lives: list[tuple[Life, Ending]]) -> None:
    """Some at a time: each looks into the database again and again."""
    some = asyncio.Semaphore(LOOKED_AT_AT_ONCE)

    async def one_of_them(life: Life, ending: Ending) -> None:
        async with some:
            await _ends_as_it_should(life, ending)

    await asyncio.gather(*(one_of_them(life, ending) for life, ending in lives))


async def _ends_as_it_should(life: Life, ending: Ending) -> None:
    """And its books are balanced, in one legal order, with the same money at the provider."""
    await comes_to_rest(life)
    book = await life.book()
    cash_cents = book.balances.get("cash_at_provider", 0)
    assert Ending(book.status, book.invoices, book.payments, cash_cents) == ending, book


async def _the_providers_own_store_agrees(stack: Stack, database: Database) -> None:
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


async def _every_event_is_there_once(stack: Stack, flow: Flow, database: Database) -> None:
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
