"""What an overloaded product may answer: success, or that it is too much now and when to come again."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from cli.bench.kept_connection import KeptConnection, Reply, connect

SUCCESSES = (200, 201)
REFUSALS = (429, 503)
LONGEST_ANSWER_SECONDS = 20.0


@dataclass
class Answers:
    """Of one kind of request. Seconds are until its answer was there, connecting included."""

    succeeded: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    @property
    def count(self) -> int:
        return len(self.succeeded) + len(self.refused) + len(self.wrong)

    def take(self, reply: Reply, seconds: float) -> bool:
        """Whether it succeeded."""
        self.statuses[reply.status] += 1
        if reply.status in SUCCESSES:
            self.succeeded.append(seconds)
            return True
        if reply.status in REFUSALS and reply.says_when_to_retry:
            self.refused.append(seconds)
        else:
            self.wrong.append(str(reply))
        return False


class Connections:
    """As many as are needed at once: whoever comes finds one that is idle, or opens one."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._idle: list[KeptConnection] = []

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[KeptConnection]:
        connection = self._take_idle() or await connect(self._url)
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _take_idle(self) -> KeptConnection | None:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
            connection.close()
        return None


async def answered(
    answers: Answers, connections: Connections, send: Callable[[KeptConnection], Awaitable[Reply]]
) -> bool:
    """Sends it, now, and takes what comes: an answer, or that none has come in time. Whether it succeeded."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(LONGEST_ANSWER_SECONDS), connections.lend() as http:
            reply = await send(http)
    except (TimeoutError, OSError, EOFError) as error:
        answers.wrong.append(f"no answer: {type(error).__name__}")
        return False
    return answers.take(reply, time.monotonic() - began)
