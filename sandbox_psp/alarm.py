import asyncio
import contextlib
import time


class Alarm:
    """Lets a loop sleep until something is due, or until it is woken."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    async def sleep_until(self, at: float | None) -> None:
        """`at` in unix seconds; without it until woken. A wake before this call counts too."""
        timeout = None if at is None else max(0.0, at - time.time())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._woken.wait()
        self._woken.clear()
