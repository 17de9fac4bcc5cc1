"""The key of a request that is being carried out: held for as long as that takes, however long it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import structlog

from db.database import Database
from db.queries import idempotency
from db.queries.idempotency import CLAIM_SECONDS, Claim

RENEWED_SECONDS = CLAIM_SECONDS / 2

log = structlog.get_logger(__name__)


@dataclass
class HeldKey:
    """`until` is when somebody else may take over, unless it is renewed."""

    database: Database
    claim: Claim
    until: datetime

    @asynccontextmanager
    async def renewed(self) -> AsyncIterator[None]:
        """Nobody takes over from a request that lives."""
        is_done = asyncio.Event()
        renewing = asyncio.create_task(self._renew(is_done))
        try:
            yield
        finally:
            is_done.set()
            await renewing

    async def _renew(self, is_done: asyncio.Event) -> None:
        while not await _comes_within(is_done, RENEWED_SECONDS):
            try:
                async with self.database.transaction() as connection:
                    until = await idempotency.hold_on(connection, self.claim, self.until)
            except Exception:
                # The request goes on all the same; and whoever takes over sends the same command.
                log.warning("key_not_renewed", exc_info=True)
                continue
            if until is None:
                return
            self.until = until

    async def give_back(self, *, was_refused: bool) -> None:
        """A refusal leaves the key free; else it stays with the request, which may have been carried out."""
        give_back = idempotency.release_key if was_refused else idempotency.let_take_over
        async with self.database.transaction() as connection:
            await give_back(connection, self.claim, self.until)


async def _comes_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False
