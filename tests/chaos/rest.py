"""Liveness: once every fault is healed, all that was begun comes to its end, and soon."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta

import httpx2
from sqlalchemy import text
from temporalio.client import Client

from db.database import Database
from tests.chaos.asking import Desk
from tests.chaos.history import History
from tests.client import Student
from tests.psp import SandboxPsp
from upkeep.workflow_clock import WorkflowClock

SETTLES_WITHIN_SECONDS = 15.0
PATIENCE_SECONDS = 60.0
"""Who needs longer than is promised is still waited for: to say how long, and to check the rest."""

GLANCE_SECONDS = 0.2
RPC_TIMEOUT = timedelta(seconds=10)
AT_ONCE = 8

WAITING = {
    "reports in the inbox": "SELECT id FROM webhook_inbox WHERE status = 'received'",
    "refunds": "SELECT id FROM refunds WHERE status IN ('created', 'unknown')",
    "steps that are due": (
        "SELECT id FROM subscriptions WHERE next_action_at <= clock_timestamp() + clock_offset"
    ),
    "charges": (
        "SELECT id FROM subscriptions WHERE payment_in_progress"
        " AND next_action IS DISTINCT FROM 'look_up_payment'"
    ),
    "events": (
        "SELECT id FROM outbox WHERE published_at IS NULL AND event <> 'renewal.upcoming'"
        " UNION ALL SELECT id FROM event_deliveries WHERE status = 'pending'"
    ),
}
UNKNOWN = (
    "SELECT DISTINCT i.subscription_id FROM payments p JOIN invoices i ON i.id = p.invoice_id"
    " WHERE p.status = 'unknown'"
)
UNTIL_LOOKED_UP = "PT1H"
LIVE = "SELECT workflow_id FROM subscriptions WHERE ended_at IS NULL OR next_action IS NOT NULL ORDER BY id"


async def find_waiting(database: Database, queries: Mapping[str, str] = WAITING) -> str:
    """The first that is found, in words; empty when nothing waits."""
    async with database.read() as connection:
        for what, query in queries.items():
            found = (await connection.execute(text(query))).scalars().all()
            if found:
                return f"{what}: {list(found)[:5]}"
    return ""


class Rest:
    """Where everything has to come to."""

    def __init__(self, database: Database, temporal: Client, psp: SandboxPsp, history: History) -> None:
        self._database = database
        self._temporal = temporal
        self._psp = psp
        self._history = history
        self._restless: list[str] = []

    async def seconds_to_come(self, began_at: float) -> tuple[float, str]:
        """Since then, and what was the last to come to rest; without an end, what still has not."""
        loop = asyncio.get_running_loop()
        last = "nothing"
        while waiting := await self._waiting():
            last = waiting
            if loop.time() - began_at > PATIENCE_SECONDS:
                break
            await asyncio.sleep(GLANCE_SECONDS)
        return loop.time() - began_at, last

    async def look_up(self, desk: Desk, admin: Student) -> int:
        """What got no answer is asked about ever more rarely: an hour of its own time brings the next time.

        Returns how many there were.
        """
        async with self._database.read() as connection:
            unknown = (await connection.execute(text(UNKNOWN))).scalars().all()
        for subscription_id in unknown:
            path = f"/admin/subscriptions/{subscription_id}/clock"
            await desk.ask("turn clock", admin, path, {"advance": UNTIL_LOOKED_UP})
        return len(unknown)

    async def _waiting(self) -> str:
        """The first that is found, in words; empty when everything rests."""
        if unfinished := self._history.unfinished:
            return f"{len(unfinished)} requests, such as {unfinished[0]}"
        if waiting := await find_waiting(self._database):
            return waiting
        try:
            pending = (await self._psp.get("/v1/deliveries/pending")).raise_for_status().json()["count"]
        except httpx2.HTTPError as error:
            return f"the provider: {type(error).__name__}"
        if pending:
            return f"{pending} reports of the provider"
        async for workflow_id in self._busy():
            return f"workflow {workflow_id}"
        return ""

    async def _busy(self) -> AsyncIterator[str]:
        """Workflows that have something to do; those that had are asked first."""
        async with self._database.read() as connection:
            live: Sequence[str] = (await connection.execute(text(LIVE))).scalars().all()
        to_ask = [workflow_id for workflow_id in self._restless or live if workflow_id in set(live)]
        for first in range(0, len(to_ask), AT_ONCE):
            some = to_ask[first : first + AT_ONCE]
            rests = await asyncio.gather(*(self._rests(workflow_id) for workflow_id in some))
            for workflow_id, is_at_rest in zip(some, rests, strict=True):
                if not is_at_rest:
                    self._restless = to_ask[first:]
                    yield workflow_id
                    return
        self._restless = []

    async def _rests(self, workflow_id: str) -> bool:
        reading = await WorkflowClock(self._temporal, workflow_id, RPC_TIMEOUT).read()
        return reading.is_at_rest
