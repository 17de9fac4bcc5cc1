"""Asks the API again while it cannot do something yet: with the same request, under the same key."""

import time
from collections.abc import Callable

import httpx2

PATIENCE_SECONDS = 30.0
A_LONG_TIME_SECONDS = 30.0
"""Whoever was busy for so long had much to do, and goes on."""

UNAVAILABLE = 503


def ask_while_busy(ask: Callable[[], httpx2.Response]) -> httpx2.Response:
    """The first answer that is no 503, or the last when patience is over. `ask` has a key: twice is once."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        asked_at = time.monotonic()
        answer = ask()
        if answer.status_code != UNAVAILABLE or time.monotonic() > give_up_at:
            return answer
        if time.monotonic() > asked_at + A_LONG_TIME_SECONDS:
            give_up_at = time.monotonic() + PATIENCE_SECONDS
        time.sleep(float(answer.headers.get("Retry-After", "1")))
