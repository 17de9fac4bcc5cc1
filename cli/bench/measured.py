"""What one phase took: each operation's time, all of them together, and whose CPU it was."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cli.bench.processor_time import ProcessorTime


@dataclass
class Laps:
    """Filled by the clients of a phase while it runs."""

    seconds: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    async def time(self, operation: Awaitable[str | None], *, as_many: int = 1) -> bool:
        """Awaits an operation that returns why it failed, or None. Says whether it succeeded.

        One that does the same `as_many` times over counts as so many.
        """
        began = time.perf_counter()
        failure = await operation
        if failure is None:
            self.seconds += [(time.perf_counter() - began) / as_many] * as_many
        else:
            self.failures.append(failure)
        return failure is None


@dataclass(frozen=True)
class Measured:
    what: str
    clients: int
    laps: tuple[float, ...]
    failures: tuple[str, ...]
    seconds: float
    cpu_seconds: Mapping[str, float]

    def __add__(self, other: "Measured") -> "Measured":
        """Two blocks of one phase."""
        return Measured(
            self.what,
            self.clients,
            self.laps + other.laps,
            self.failures + other.failures,
            self.seconds + other.seconds,
            {name: seconds + other.cpu_seconds[name] for name, seconds in self.cpu_seconds.items()},
        )

    @property
    def busiest_first(self) -> list[tuple[str, float]]:
        """CPU seconds by process."""
        return sorted(self.cpu_seconds.items(), key=lambda used: used[1], reverse=True)

    @property
    def per_second(self) -> float:
        return len(self.laps) / self.seconds

    def cpu_ms_of_each(self, process: str) -> float:
        """CPU that one operation takes there; not a number when nothing succeeded."""
        return self.cpu_seconds[process] / len(self.laps) * 1_000 if self.laps else math.nan

    def percentile_ms(self, percent: float) -> float:
        return percentile_ms(self.laps, percent)


def percentile_ms(seconds: Sequence[float], percent: float) -> float:
    """By nearest rank; not a number when there is none."""
    if not seconds:
        return math.nan
    return sorted(seconds)[math.ceil(len(seconds) * percent / 100) - 1] * 1_000


Client = Callable[[Laps], Awaitable[None]]


async def measure(what: str, clients: int, client: Client, processors: ProcessorTime) -> Measured:
    """Runs so many clients at once, each until it has nothing more to do."""
    laps = Laps()
    before, began = processors.read(), time.perf_counter()
    await asyncio.gather(*(client(laps) for _ in range(clients)))
    seconds = time.perf_counter() - began
    used = {name: until_now - before[name] for name, until_now in processors.read().items()}
    return Measured(what, clients, tuple(laps.seconds), tuple(laps.failures), seconds, used)
