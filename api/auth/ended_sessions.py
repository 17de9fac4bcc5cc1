"""Access tokens that die before their time: of who was disabled, or was given another role.

A token is believed without a database read. So each API asks every second who lost theirs: only those of the
last minutes, since tokens from before are over by themselves.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import structlog

from api.auth.tokens import CLOCK_SKEW_SECONDS, AccessClaims
from db.database import Database, is_unavailable
from db.queries import users

LOOK_AGAIN_SECONDS = 1.0

log = structlog.get_logger(__name__)


class EndedSessionsKnown:
    def __init__(self, database: Database, token_lifetime: timedelta) -> None:
        self._database = database
        self._matters_for = token_lifetime + timedelta(seconds=CLOCK_SKEW_SECONDS)
        self._good_from: Mapping[int, int] = {}
        self._is_stopped = asyncio.Event()
        self._looking = asyncio.Lock()

    def hold(self, claims: AccessClaims) -> bool:
        """Whether this token is one of them."""
        return claims.version < self._good_from.get(claims.user_id, 0)

    async def look(self) -> None:
        """Raises what the database raises; what was known before stays known."""
        since = datetime.now(UTC) - self._matters_for
        async with self._looking, self._database.read() as connection:  # an older one never ends later
            self._good_from = await users.list_ended_sessions(connection, since)

    def stop(self) -> None:
        """Ends `run`, after the look that is under way: one cut off may leave its connection behind."""
        self._is_stopped.set()

    async def run(self) -> None:
        """Works until stopped."""
        while not self._is_stopped.is_set():
            try:
                await self.look()
            except Exception as error:  # whoever stops looking would believe dead tokens
                if not is_unavailable(error):
                    log.exception("ended_sessions_not_read")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                    await self._is_stopped.wait()
