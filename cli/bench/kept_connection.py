"""One keep-alive HTTP/1.1 connection that costs next to nothing: the load must not bound itself."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

LONGEST_SHOWN = 200

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
_RETRY_AFTER = re.compile(rb"\r\nretry-after: *[0-9]+\r\n", re.IGNORECASE)
_STATUS = slice(9, 12)  # HTTP/1.1 200 OK


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    says_when_to_retry: bool = False

    def __str__(self) -> str:
        return f"{self.status} {self.body[:LONGEST_SHOWN].decode(errors='replace')}"


class KeptConnection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host

    async def get(self, path: str, token: str) -> Reply:
        return await self._send(f"GET {path}", {"Authorization": f"Bearer {token}"}, b"")

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> Reply:
        sized = {"Content-Type": "application/json", "Content-Length": str(len(body))} | headers
        return await self._send(f"POST {path}", sized, body)

    async def _send(self, request: str, headers: dict[str, str], body: bytes) -> Reply:
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._writer.write(f"{request} HTTP/1.1\r\nHost: {self._host}\r\n{lines}\r\n".encode() + body)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        answer = await self._reader.readexactly(int(length[1])) if length else b""
        return Reply(int(head[_STATUS]), answer, _RETRY_AFTER.search(head) is not None)

    @property
    def is_open(self) -> bool:
        """Whether the server has not ended it, as far as is known here."""
        return not self._reader.at_eof()

    def close(self) -> None:
        self._writer.close()


async def connect(url: str) -> KeptConnection:
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    return KeptConnection(reader, writer, address.netloc)


@asynccontextmanager
async def connected(url: str) -> AsyncIterator[KeptConnection]:
    connection = await connect(url)
    try:
        yield connection
    finally:
        connection.close()
