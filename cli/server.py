"""One HTTP server in a process of its own, until it is asked to stop."""

import asyncio
import signal
import socket
from collections.abc import Callable
from typing import NoReturn

import uvicorn

from ops.leaving import leave

GLANCE_SECONDS = 0.05
CLOSE = (b"connection", b"close")


class DrainedServer(uvicorn.Server):
    """Asked to stop, it says so and goes on for a while, until balancers have heard of it.

    Every answer then closes its connection. A server that stops at once would cut off whoever just sends a
    request on a connection that was kept open.
    """

    def __init__(self, config: uvicorn.Config, drain_seconds: float, tell: Callable[[], None]) -> None:
        super().__init__(config)
        self._drain_seconds = drain_seconds
        self._tell = tell

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._tell()
        self.server_state.default_headers = [*self.server_state.default_headers, CLOSE]
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + self._drain_seconds
        while loop.time() < give_up_at and not self.force_exit:  # noqa: ASYNC110 - a signal sets it
            await asyncio.sleep(GLANCE_SECONDS)
        await super().shutdown(sockets)


def serve(
    config: uvicorn.Config, *, drain_seconds: float = 0.0, tell: Callable[[], None] = lambda: None
) -> NoReturn:
    """`tell` is called when it is asked to stop, `drain_seconds` before it takes no more connections."""
    server = DrainedServer(config, drain_seconds, tell)
    for sign in (signal.SIGINT, signal.SIGTERM):
        # Once it has shut down, uvicorn raises the signal again; by then it is no failure.
        signal.signal(sign, lambda *_: None)
    server.run()
    leave(0 if server.started else 1)
