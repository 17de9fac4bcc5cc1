"""Turns the clock of one subscription on the running system, while its neighbors stay in today.

From due date to due date: jump over idle time only, to shortly before the date, let the date pass in real
time, wait until everything that it brought is in the books, go on. One whole jump would not be safe: with
work under way it can run on to the next timer, a period too many.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.client import Client

from api.clock.workflow_clock import MARGIN, Reading, WorkflowClock
from api.problems import RETRY_SOON, Problem
from api.refusals import problem_of
from api.subscription_commands import no_such_subscription
from api.workflow_updates import interrupted
from db.database import Connection, Database
from db.queries import clock, timeline
from db.queries.clock import ClockRow, Turn
from db.queries.timeline import Entry
from domain.refusals import RefusalCode, Refused
from ops.tracing import current_trace_id

QUIET_SECONDS = 5.0
LOOK_AGAIN_SECONDS = 0.02


@dataclass(frozen=True)
class AdvanceClock:
    """`command_id` is the same when the same request comes again."""

    subscription_id: int
    command_id: str
    asked_by: int
    by: timedelta


@dataclass(frozen=True)
class TurnedClock:
    """`advanced_to` is the subscription's own time. It stands still once the subscription has ended."""

    now: datetime
    advanced_to: datetime
    happened: list[Entry]
    row: ClockRow


@dataclass(frozen=True)
class Look:
    """What the database and the workflow said, one right after the other."""

    row: ClockRow
    reading: Reading

    @property
    def is_quiet(self) -> bool:
        """Whether all that came so far is in the books, and nothing comes before the next due date.

        The row was read first: when it is up to date then, and the workflow rests afterwards, the workflow
        knows what the row says.
        """
        if self.row.has_unread_reports:
            return False
        if self.reading.is_closed:
            return self.row.ended_at is not None
        due_at = self.row.next_action_at
        return self.reading.is_at_rest and due_at is not None and due_at > self.reading.now


@dataclass(frozen=True)
class ClockTurner:
    database: Database
    temporal: Client
    rpc_timeout: timedelta

    async def advance(self, command: AdvanceClock) -> TurnedClock:
        """Raises `Problem`: 404, 409 when it has ended or its clock is being turned, 503 when cut short.

        What was cut short is finished, to the same instant, by the same command again.
        """
        workflow = await self._find_workflow(command)
        async with self.database.try_lock(f"clock:{command.subscription_id}") as connection:
            if connection is None:
                raise Problem(
                    409,
                    "clock_in_use",
                    "Somebody is turning the clock of this subscription.",
                    headers=RETRY_SOON,
                )
            try:
                return await _Turning(connection, workflow, command).to_the_end()
            except TimeoutError as error:
                raise interrupted() from error

    async def _find_workflow(self, command: AdvanceClock) -> WorkflowClock:
        """Before the lock is taken: a refusal takes no connection away from those who work."""
        async with self.database.read() as connection:
            row = await clock.find_row(connection, command.subscription_id)
            turn = await clock.find_turn(connection, command.subscription_id, command.command_id)
        if row is None:
            raise no_such_subscription()
        if row.ended_at is not None and turn is None:
            raise problem_of(
                Refused(RefusalCode.SUBSCRIPTION_ENDED, "the clock stops when the subscription ends")
            )
        return WorkflowClock(self.temporal, row.workflow_id, self.rpc_timeout)


@dataclass
class _Turning:
    """A turn under way. All its reads and writes are on the connection that holds the lock."""

    connection: Connection
    workflow: WorkflowClock
    command: AdvanceClock

    async def to_the_end(self) -> TurnedClock:
        turn = await self._begin()
        while True:
            look = await self._wait_for_quiet()
            if look.reading.is_closed or look.reading.now >= turn.target_at:
                return await self._tell(turn, look)
            await self._step(look, turn.target_at)

    async def _begin(self) -> Turn:
        subscription_id, command_id = self.command.subscription_id, self.command.command_id
        begun = await clock.find_turn(self.connection, subscription_id, command_id)
        return begun or await clock.insert_turn(
            self.connection,
            subscription_id=subscription_id,
            command_id=command_id,
            asked_by=self.command.asked_by,
            trace_id=current_trace_id(),
            target_at=(await self._look()).reading.now + self.command.by,
        )

    async def _wait_for_quiet(self) -> Look:
        """Raises `TimeoutError`: a worker that is away must not keep the caller waiting for ever."""
        async with asyncio.timeout(QUIET_SECONDS):
            while True:
                look = await self._look()
                if look.is_quiet:
                    return look
                await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def _step(self, look: Look, target_at: datetime) -> None:
        """Jumps to shortly before what comes next; from there it comes in real time."""
        due_at = look.row.next_action_at or target_at
        jump_to = min(target_at, due_at - MARGIN)
        if jump_to - look.reading.now > MARGIN:
            await self._keep_offset(look.row, await self.workflow.jump(look.reading, jump_to))
        else:
            remaining = min(target_at, due_at) - look.reading.now
            await asyncio.sleep(max(remaining.total_seconds(), LOOK_AGAIN_SECONDS))

    async def _look(self) -> Look:
        row = await clock.find_row(self.connection, self.command.subscription_id)
        if row is None:
            raise LookupError(f"subscription {self.command.subscription_id} has gone")
        reading = await self.workflow.read()
        await self._keep_offset(row, reading)
        return Look(row, reading)

    async def _keep_offset(self, row: ClockRow, reading: Reading) -> None:
        """Every reader of the row adds it to now. Kept at each look: an earlier turn may have died midway."""
        if not reading.is_closed and abs(reading.offset - row.clock_offset) > MARGIN:
            await clock.write_offset(self.connection, self.command.subscription_id, reading.offset)

    async def _tell(self, turn: Turn, look: Look) -> TurnedClock:
        now = datetime.now(UTC)
        offset = look.row.clock_offset if look.reading.is_closed else look.reading.offset
        happened = await timeline.list_entries(
            self.connection, self.command.subscription_id, after_id=turn.after_entry_id
        )
        return TurnedClock(now=now, advanced_to=now + offset, happened=happened, row=look.row)
