"""Waiting without sleeping: look again until it is so, or fail."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

LOOK_AGAIN_SECONDS = 0.02
LOOK_LATER = 1.25
SELDOM_SECONDS = 0.1
"""Soon at first, then less often: a look takes the processor from what is waited for."""

LONGEST_SECONDS = 60.0
"""On a busy machine. Only a failure takes as long."""

Answer = TypeVar("Answer")


async def eventually(check: Callable[[], Awaitable[Answer]], timeout: float = LONGEST_SECONDS) -> Answer:  # noqa: ASYNC109 - a failure, not a cancellation, must say what was last seen
    """The first true answer of `check`. A failing assertion inside it means: not yet.

    Fails with the last answer or the last assertion when the time is over.
    """
    loop = asyncio.get_running_loop()
    give_up_at = loop.time() + timeout
    pause = LOOK_AGAIN_SECONDS
    while True:
        try:
            answer = await check()
        except AssertionError:
            if loop.time() > give_up_at:
                raise
        else:
            if answer:
                return answer
            assert loop.time() <= give_up_at, f"still {answer!r} after {timeout} s"
        await asyncio.sleep(pause)
        pause = min(pause * LOOK_LATER, SELDOM_SECONDS)
