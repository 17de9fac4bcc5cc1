"""A turn under way: from due date to due date, waiting at each until everything it brought is in the books.

Jump over idle time only, to shortly before the date, let the date pass in real time, wait, go on. One whole
jump would not be safe: with work under way it can run on to the next timer, a period too many.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from db.database import Connection
from db.queries import clock
from db.queries.clock import ClockRow, Turn
from payments.provider import OutcomeUnknownError, ProviderUnavailableError
from payments.providers import Providers
from upkeep.workflow_clock import MARGIN, Reading, WorkflowClock

QUIET_SECONDS = 5.0
"""How long nothing may move: a worker that is away must not keep the caller waiting for ever."""

PROVIDER_SECONDS = 75.0
"""How long its provider may give no answer: the workflow repeats a call for a minute."""

LOST_SECONDS = 0.5
"""How long a workflow may have closed before its row says so; after that it was terminated by hand."""

TURN_SECONDS = 60.0
"""After which the caller is told to ask again; a step that has begun is finished before."""

LOOK_AGAIN_SECONDS = 0.02


@dataclass(frozen=True)
class Look:
    """What the database and the workflow said, one right after the other."""

    row: ClockRow
    reading: Reading

    @property
    def is_quiet(self) -> bool:
        """Whether all that came so far is in the books, and nothing comes before the next due date.

        The row was read first: when it is up to date then, and the workflow rests afterwards, the workflow
        knows what the row says. Without a due date it waits for a person, or has ended.
        """
        if self.row.has_unread_reports:
            return False
        if self.reading.is_closed:
            return self.row.ended_at is not None
        due_at = self.row.next_action_at
        return self.reading.is_at_rest and (due_at is None or due_at > self.reading.now)

    @property
    def is_lost(self) -> bool:
        return self.reading.is_closed and self.row.ended_at is None


@dataclass(frozen=True)
class Turning:
    """All its reads and writes are on the connection that holds the lock."""

    connection: Connection
    workflow: WorkflowClock
    providers: Providers
    subscription_id: int

    async def to_the_end(self, turn: Turn) -> Look:
        """Raises `TimeoutError` when nothing moves, or when it takes too long: it can be gone on with."""
        give_up_at = _seconds() + TURN_SECONDS
        while True:
            look = await self._wait_for_quiet()
            if look.reading.is_closed or look.reading.now >= turn.target_at:
                return look
            if _seconds() > give_up_at:
                raise TimeoutError
            await self._step(look, turn.target_at)

    async def look(self) -> Look:
        row = await clock.find_row(self.connection, self.subscription_id)
        if row is None:
            raise LookupError(f"subscription {self.subscription_id} has gone")
        reading = await self.workflow.read()
        await self._keep_offset(row, reading)
        return Look(row, reading)

    async def _wait_for_quiet(self) -> Look:
        """Until it is quiet, its provider has delivered every report, and it is quiet once more.

        The workflow repeats a call of its provider for a minute; meanwhile it is not taken to hang.
        """
        began_at = moved_at = _seconds()
        lost_at: float | None = None
        everything_is_delivered = False
        while True:
            look = await self.look()
            if look.is_quiet and everything_is_delivered:
                return look
            everything_is_delivered = look.is_quiet and await self._is_everything_delivered()
            if look.reading.is_asking_provider and _seconds() < began_at + PROVIDER_SECONDS:
                moved_at = _seconds()
            lost_at = (lost_at or _seconds()) if look.is_lost else None
            give_up_at = moved_at + QUIET_SECONDS if lost_at is None else lost_at + LOST_SECONDS
            if _seconds() > give_up_at:
                raise TimeoutError
            if not everything_is_delivered:
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _is_everything_delivered(self) -> bool:
        """What a provider reports on its own must not come a period too late."""
        try:
            return await self.providers.count_undelivered(self.subscription_id) == 0
        except (ProviderUnavailableError, OutcomeUnknownError):
            return False

    async def _step(self, look: Look, target_at: datetime) -> None:
        """Jumps to shortly before what comes next; from there it comes in real time."""
        due_at = look.row.next_action_at or target_at
        jump_to = min(target_at, due_at - MARGIN)
        if jump_to - look.reading.now > MARGIN:
            await self._keep_offset(look.row, await self.workflow.jump(look.reading, jump_to))
        else:
            remaining = min(target_at, due_at) - look.reading.now
            await asyncio.sleep(max(remaining.total_seconds(), LOOK_AGAIN_SECONDS))

    async def _keep_offset(self, row: ClockRow, reading: Reading) -> None:
        """Every reader of the row adds it to now. Kept at each look: an earlier turn may have died midway.

        It never shrinks: a workflow that was lost and started again begins in today, and catches up.
        """
        if not reading.is_closed and reading.offset > row.clock_offset + MARGIN:
            await clock.write_offset(self.connection, self.subscription_id, reading.offset)


def own_time(look: Look) -> tuple[datetime, datetime]:
    """Our now, and the subscription's."""
    now = datetime.now(UTC)
    offset = timedelta() if look.reading.is_closed else look.reading.offset
    return now, now + max(offset, look.row.clock_offset)


def _seconds() -> float:
    return asyncio.get_running_loop().time()
