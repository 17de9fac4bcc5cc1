"""uvicorn's protocol with two limits that it lacks: how long the head of a request may be, and may take.

Without them one client that never ends its headers takes a connection for ever, and memory as it likes.
"""

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LONGEST_HEAD = 16 * 1024
SLOWEST_HEAD_SECONDS = 10.0
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_over()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        was_in_head = self._deadline is not None
        super().data_received(data)
        if was_in_head and self._deadline is not None:
            self._head_bytes += len(data)
            if self._head_bytes > LONGEST_HEAD:
                self.transport.write(TOO_LONG)
                self.transport.close()

    def on_message_begin(self) -> None:
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_is_over()
        super().on_headers_complete()

    def _expect_head(self) -> None:
        self._head_is_over()
        self._deadline = self.loop.call_later(SLOWEST_HEAD_SECONDS, self.transport.close)

    def _head_is_over(self) -> None:
        self._head_bytes = 0
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
