"""Where something personal may have got to. Each place gives what it holds, by a name to find it again.

A new place, such as where traces are sent, is one more function and one more line in the test's table.
"""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import httpx2
from sqlalchemy import text
from temporalio.client import Client

from db.database import Database
from db.tables.metadata import METADATA
from tests.lives import World
from tests.privacy.canary import Canary

Held = tuple[str, bytes]


def logs_in(folder: Path) -> Iterable[Held]:
    """Of every process that writes there."""
    for file in sorted(folder.rglob("*.log")):
        yield file.name, file.read_bytes()


async def metrics_of(world: World) -> AsyncIterator[Held]:
    ports = {"api": world.stack.api_port, "worker": world.stack.worker_metrics_port}
    async with httpx2.AsyncClient(trust_env=False, timeout=60) as http:
        for process, port in ports.items():
            yield process, (await http.get(f"http://127.0.0.1:{port}/metrics")).content


async def histories(temporal: Client, ids: Iterable[str]) -> AsyncIterator[Held]:
    """Every run's: its id, memo, search attributes and details, and all its events with what they carry.

    As bytes of the protocol, in which payloads stand as they are: in JSON they would be base64.
    """
    for workflow_id in ids:
        async for run in temporal.list_workflows(f"WorkflowId = '{workflow_id}'"):
            handle = temporal.get_workflow_handle(run.id, run_id=run.run_id)
            described = (await handle.describe()).raw_description
            yield f"{run.id} described", described.SerializeToString()
            history = await handle.fetch_history()
            for event in history.events:
                yield f"{run.id} event {event.event_id}", event.SerializeToString()


async def workflow_ids_of(canary: Canary, database: Database) -> list[str]:
    """Of its subscriptions, refunds, late payments, and deliveries of its events."""
    life = canary.life
    query = text(
        "SELECT DISTINCT 'event:' || d.event_id || ':' || d.endpoint_id FROM event_deliveries d"
        " JOIN outbox o ON o.id = d.event_id"
        " WHERE o.subscription_id = :subscription OR o.details ->> 'user_id' = :user"
    )
    given = {"subscription": life.subscription_id, "user": str(canary.student.id)}
    async with database.read() as connection:
        deliveries = (await connection.execute(query, given)).scalars().all()
    found = life.world.temporal.list_workflows(f"SubscriptionId = '{life.subscription_id}'")
    return sorted({life.workflow_id, *deliveries, *[each.id async for each in found]})


async def rows_with(database: Database, mark: str) -> dict[str, int]:
    """The tables that have it in any column, and in how many rows; bytes are searched as bytes."""
    found = {}
    async with database.read() as connection:
        for table in METADATA.tables:
            query = text(
                f"SELECT count(*) FROM {table} t"  # noqa: S608 - our own names
                " WHERE t::text ILIKE '%' || :mark || '%' OR t::text ILIKE '%' || :hex || '%'"
            )
            given = {"mark": mark, "hex": mark.encode().hex()}
            count = (await connection.execute(query, given)).scalar_one()
            if count:
                found[table] = count
    return found
