"""A TCP proxy between one process and what it talks to: it carries, delays, swallows, loses, or breaks.

What it does to connections it counts: that is how a fault proves that it was met.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from tests.free_port import free_port

CHUNK = 64 * 1024
SLOW_SECONDS = 0.3

Target = int | Path
"""A port of this machine, or a socket of its file system."""


class Weather(StrEnum):
    CALM = "calm"
    CUT = "cut"
    """Every connection is reset, and every new one."""
    HALF_OPEN = "half-open"
    """Nobody is told, and nothing arrives, in either direction."""
    REPLY_LOST = "reply lost"
    """What is asked arrives and is done; instead of the answer the connection is reset."""
    SLOW = "slow"


class Met(StrEnum):
    """What connections have met here."""

    BROKEN = "broken"
    REFUSED = "refused"
    SWALLOWED = "swallowed"
    LOST = "lost"
    DELAYED = "delayed"
    ENDED = "ended"
    UNREACHABLE = "unreachable"
    THERE = "carried there"
    BACK = "carried back"


@dataclass(eq=False)
class _Line:
    """One connection: both of its ends, and what was asked on it since the weather changed."""

    ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    has_asked: bool = False
    is_torn: bool = False
    """Bytes are missing: nothing may follow them."""

    def reset(self) -> None:
        for writer in self.ends:
            writer.transport.abort()


class Link:
    """`targets` are tried in turn, as a balancer does. `sees` is shown all that comes back."""

    def __init__(self, name: str, targets: Sequence[Target]) -> None:
        self.name = name
        self.port = free_port()
        self.met: Counter[Met] = Counter()
        self.sees: Callable[[bytes], None] = lambda _: None
        self._targets = itertools.cycle(targets)
        self._count = len(targets)
        self._weather = Weather.CALM
        self._loses: bytes = b""
        self._lines: set[_Line] = set()
        self._carrying: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self.port)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self._reset_all()
        if self._carrying:
            await asyncio.wait(self._carrying)

    def change(self, weather: Weather, *, loses: bytes = b"") -> None:
        """`loses`: only the answers to what has these words in it."""
        self._weather, self._loses = weather, loses
        for line in self._lines:
            line.has_asked = False
        if weather is Weather.CUT:
            self.met[Met.BROKEN] += self._reset_all()

    def calm(self) -> None:
        self._weather = Weather.CALM
        for line in [line for line in self._lines if line.is_torn]:
            line.reset()

    def _reset_all(self) -> int:
        for line in self._lines:
            line.reset()
        return len(self._lines)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        carrying = asyncio.current_task()
        assert carrying is not None
        self._carrying.add(carrying)
        try:
            await self._connect(reader, writer)
        finally:
            writer.transport.abort()
            self._carrying.discard(carrying)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._weather is Weather.CUT:
            self.met[Met.REFUSED] += 1
            return
        reached = await self._reach()
        if reached is None:
            self.met[Met.UNREACHABLE] += 1
            return
        away_reader, away_writer = reached
        line = _Line((writer, away_writer))
        self._lines.add(line)
        there = asyncio.create_task(self._carry(reader, away_writer, line, self._goes_there))
        back = asyncio.create_task(self._carry(away_reader, writer, line, self._goes_back))
        try:
            await asyncio.wait({there, back})
        finally:
            line.reset()
            self._lines.discard(line)
            self.met[Met.ENDED] += 1

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for target in itertools.islice(self._targets, self._count):
            try:
                if isinstance(target, Path):
                    return await asyncio.open_unix_connection(str(target))
                return await asyncio.open_connection("127.0.0.1", target)
            except OSError:
                continue
        return None

    async def _carry(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        line: _Line,
        goes: Callable[[bytes, _Line], Awaitable[bool]],
    ) -> None:
        """Until one end has ended; then so does the other, in the way it did."""
        try:
            while chunk := await reader.read(CHUNK):
                if await goes(chunk, line):
                    writer.write(chunk)
                    await writer.drain()
        except OSError:
            line.reset()
        else:
            if line.is_torn:
                return
            writer.close()

    async def _goes_there(self, chunk: bytes, line: _Line) -> bool:
        self.met[Met.THERE] += 1
        if await self._is_swallowed(line):
            return False
        line.has_asked |= self._loses in chunk
        return True

    async def _goes_back(self, chunk: bytes, line: _Line) -> bool:
        self.met[Met.BACK] += 1
        if await self._is_swallowed(line):
            return False
        if self._weather is Weather.REPLY_LOST and line.has_asked:
            self.met[Met.LOST] += 1
            line.reset()
            return False
        self.sees(chunk)
        return True

    async def _is_swallowed(self, line: _Line) -> bool:
        """Or, when it is slow, only late."""
        if self._weather is Weather.SLOW:
            self.met[Met.DELAYED] += 1
            await asyncio.sleep(SLOW_SECONDS)
        if self._weather is Weather.HALF_OPEN or line.is_torn:
            self.met[Met.SWALLOWED] += 1
            line.is_torn = True
        return line.is_torn
