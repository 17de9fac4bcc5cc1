import asyncio
import contextlib
import time


def now() -> float:
    """Unix seconds, no finer than an instant can be told: what was told can be asked for."""
    return round(time.time(), 6)


class Alarm:
    """Lets a loop sleep until something is due, or until it is woken."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def sleep_until(self, at: float | None) -> None:
        """`at` in unix seconds; without it until woken. A wake before this call counts too."""
        timeout = None if at is None else max(0.0, at - now())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._woken.wait()
        self._woken.clear()
