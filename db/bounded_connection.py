"""A connection that gives up on a server that does not answer.

The server ends a statement that takes too long, unless it is the server that hangs: a frozen machine, or a
network that swallows packets. Then nothing comes back at all, and whoever waits would wait for ever.
"""

import asyncio
import socket
from typing import Any

import psycopg


class BoundedConnection(psycopg.AsyncConnection[Any]):
    """Each wait for the server ends after `longest_wait_seconds`, as if it had closed the connection.

    A wait that is canceled ends at once, and the connection with it: to tell the server would be to wait for
    it once more.
    """

    longest_wait_seconds: float

    @classmethod
    async def open(cls, *arguments: Any, longest_wait_seconds: float, **keywords: Any) -> "BoundedConnection":
        try:
            async with asyncio.timeout(longest_wait_seconds):  # the connection's own knows nothing of names
                connection = await cls.connect(*arguments, **keywords)
        except TimeoutError as error:
            raise psycopg.errors.ConnectionTimeout("no connection in time") from error
        connection.longest_wait_seconds = longest_wait_seconds
        return connection

    async def wait(self, *arguments: Any, **keywords: Any) -> Any:
        overdue = asyncio.get_running_loop().call_later(self.longest_wait_seconds, self._hang_up)
        try:
            return await super().wait(*arguments, **keywords)
        finally:
            overdue.cancel()

    async def cancel_safe(self, *, timeout: float = 0) -> None:  # noqa: ARG002, ASYNC109 - psycopg's signature
        self._hang_up()

    def _hang_up(self) -> None:
        """Whoever waits on the socket reads its end; closing it would leave them waiting."""
        line = socket.socket(fileno=self.pgconn.socket)
        try:
            line.shutdown(socket.SHUT_RDWR)
        finally:
            line.detach()
