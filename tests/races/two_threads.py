"""Two clerks who really work at once: each a thread with an event loop and database connections of its own.

Left alone, two quick transactions seldom meet where it hurts. So the first one may be stopped in the middle,
with all that it holds, until the second one has gone as far as it can: it is done, or waits for the first.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future, wait
from typing import Any, TypeVar

from sqlalchemy import event, text

from db.database import Database
from tests.stack import settings_for

LONGEST_SECONDS = 60
"""On a busy machine. Only a failure takes as long."""

LOOK_AGAIN_SECONDS = 0.005
AT_ONCE = 0
IS_ONE_WAITING = text(
    "SELECT EXISTS (SELECT FROM pg_stat_activity"
    " WHERE datname = current_database() AND wait_event_type = 'Lock')"
)

Answer = TypeVar("Answer")
Work = Callable[[Database], Awaitable[Answer]]


class Halt:
    """Comes before the statement, or the commit, after so many others, and lasts until it is lifted."""

    def __init__(self, after: int) -> None:
        self._left = after
        self.is_passed = threading.Event()
        self._lifted = threading.Event()

    def count(self) -> None:
        if self._left == 0 and not self.is_passed.is_set():
            self.is_passed.set()
            assert self._lifted.wait(LONGEST_SECONDS)
        self._left -= 1

    def lift(self) -> None:
        self._lifted.set()


class Clerk:
    def __init__(self, database_url: str) -> None:
        self.database = Database.from_settings(settings_for(database_url))
        self._halt: Halt | None = None
        for step in ("before_cursor_execute", "commit"):
            event.listen(self.database._engine.sync_engine, step, self._count)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def begin(self, work: Work[Answer], halt: Halt | None = None) -> Future[Answer]:
        async def answer() -> Answer:
            return await work(self.database)

        self._halt = halt
        return self._submit(answer())

    def does(self, work: Work[Answer]) -> Answer:
        return self.begin(work).result(LONGEST_SECONDS)

    def goes_home(self) -> None:
        self._submit(self.database.close()).result(LONGEST_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _submit(self, coroutine: Coroutine[Any, Any, Answer]) -> Future[Answer]:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def _count(self, *_: object) -> None:
        """In the clerk's own thread, which stands still meanwhile."""
        if self._halt is not None:
            self._halt.count()


class Desk:
    """Where two clerks work at once, and a third one watches them. `waits` counts who had to wait."""

    def __init__(self, database_url: str) -> None:
        self.watch, self._first, self._second = (Clerk(database_url) for _ in range(3))
        self.waits = 0

    def close(self) -> None:
        for clerk in (self.watch, self._first, self._second):
            clerk.goes_home()

    def serves(self, first: Work[Answer], second: Work[Answer], *, head_start: int) -> tuple[Answer, Answer]:
        """The first is stopped after so many statements; at once, both are, before they send anything."""
        halts = Halt(head_start), Halt(AT_ONCE)
        begun = self._first.begin(first, halts[0])
        _is_stopped(halts[0], begun)
        following = self._second.begin(second, halts[1])
        _is_stopped(halts[1], following)
        if head_start != AT_ONCE:
            halts[1].lift()
            self._gets_as_far_as_it_can(following)
        for halt in halts:
            halt.lift()
        return begun.result(LONGEST_SECONDS), following.result(LONGEST_SECONDS)

    def _gets_as_far_as_it_can(self, following: Future[Any]) -> None:
        while wait([following], LOOK_AGAIN_SECONDS).not_done:
            if self.watch.does(_is_one_waiting):
                self.waits += 1
                return


def _is_stopped(halt: Halt, begun: Future[Any]) -> None:
    """Or has ended before it came so far."""
    begun.add_done_callback(lambda _: halt.is_passed.set())
    assert halt.is_passed.wait(LONGEST_SECONDS)


async def _is_one_waiting(database: Database) -> bool:
    async with database.read() as connection:
        return bool((await connection.execute(IS_ONE_WAITING)).scalar_one())
