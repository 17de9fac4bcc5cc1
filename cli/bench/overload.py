"""The phases of `italiano bench overload`: what the product carries, some times as much, and afterwards."""

import asyncio
import math
import statistics
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from cli.bench import operations
from cli.bench.kept_connection import KeptConnection, connected
from cli.bench.mix import Mix
from cli.bench.students import BenchStudent

CLIENTS = 16
PROBES = 5
MOST_PROBES = 300
AS_BEFORE = 2.0
"""So many times the median of before is as before: a machine that is shared is no clockwork."""


@dataclass(frozen=True)
class Recovery:
    """Medians of a start, alone on the machine; `seconds` until it was so again."""

    before_ms: float
    after_ms: float
    seconds: float

    @property
    def is_complete(self) -> bool:
        return self.after_ms <= AS_BEFORE * self.before_ms


async def find_capacity(mix: Mix, turns: int) -> float:
    """How many turns of the mix a second some clients get, each of which waits for its answers."""
    numbers = iter(range(turns))

    async def client() -> None:
        for number in numbers:
            for send in mix.turn(number):
                await send()

    began = time.monotonic()
    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return len(mix.load.started) / (time.monotonic() - began)


async def overload(mix: Mix, turns_a_second: float, turns: int) -> None:
    """Sends by the clock, whether what was sent before is answered or not. Returns after the last answer."""
    began = time.monotonic()
    async with asyncio.TaskGroup() as requests:
        for number in range(turns):
            sends = mix.turn(number)
            for place, send in enumerate(sends):
                await _until(began + (number + place / len(sends)) / turns_a_second)
                requests.create_task(send())


async def median_start_ms(api_url: str, students: Iterable[BenchStudent]) -> float:
    """Of some starts, one after the other. Raises `RuntimeError` when one fails."""
    took: list[float] = []
    async with connected(api_url) as http:
        for student in students:
            milliseconds, failure = await _timed_start(http, student)
            if failure:
                raise RuntimeError(failure)
            took.append(milliseconds)
    return statistics.median(took)


async def recover(
    api_url: str, before_ms: float, students: Iterable[BenchStudent], longest_seconds: float
) -> Recovery:
    """Starts one student after the other, until the median of the last ones is as before, or no longer."""
    began = time.monotonic()
    last = deque([math.inf] * PROBES, maxlen=PROBES)
    async with connected(api_url) as http:
        for student in students:
            milliseconds, failure = await _timed_start(http, student)
            last.append(math.inf if failure else milliseconds)  # one that is refused has taken for ever
            took = time.monotonic() - began
            if statistics.median(last) <= AS_BEFORE * before_ms or took > longest_seconds:
                break
    return Recovery(before_ms, statistics.median(last), time.monotonic() - began)


async def _timed_start(http: KeptConnection, student: BenchStudent) -> tuple[float, str | None]:
    """In milliseconds, and why it failed, if it did."""
    began = time.monotonic()
    failure = await operations.start(http, student)
    return (time.monotonic() - began) * 1_000, failure


async def _until(due: float) -> None:
    ahead = due - time.monotonic()
    if ahead > 0:
        await asyncio.sleep(ahead)
