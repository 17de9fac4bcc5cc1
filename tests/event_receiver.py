"""Somebody who is told of events: checks every signature as Standard Webhooks has it, and keeps what came."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from standardwebhooks import Webhook

OK = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


def answer(status: int, *headers: str, body: bytes = b"") -> bytes:
    """The bytes of an answer."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event

    def is_signed_with(self, secret: str) -> bool:
        try:
            Webhook(secret).verify(self.body, self.headers)
        except Exception:  # noqa: BLE001 - the library raises what it likes
            return False
        return True


class EventReceiver:
    """Answers with what `says` returns; a `None` is no answer at all, until it is closed."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.connections = 0
        self.says: Callable[[Received], bytes | None] = lambda _: OK
        self._server: asyncio.Server | None = None
        self._port = 0
        self._closing = asyncio.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/italiano"

    async def open(self) -> None:
        self._closing.clear()
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self._closing.set()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def answers(self, said: Iterable[bytes]) -> None:
        """To each message these first, one after the other; then it takes it."""
        whole = list(said)
        left: defaultdict[str, list[bytes]] = defaultdict(whole.copy)

        def say(received: Received) -> bytes:
            of_this = left[received.headers["webhook-id"]]
            return of_this.pop(0) if of_this else OK

        self.says = say

    @property
    def pings(self) -> list[Received]:
        return [each for each in self.received if each.event["type"] == "endpoint.ping"]

    def of(self, subscription_id: int) -> list[Received]:
        return [each for each in self.received if each.event["subscription_id"] == subscription_id]

    def sequences_of(self, subscription_id: int) -> list[int]:
        """Of each event that came, once, in their order."""
        return sorted({each.event["sequence"] for each in self.of(subscription_id)})

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
            received = Received(
                head[0].split(" ")[1], headers, await reader.readexactly(int(headers["content-length"]))
            )
            said = self.says(received)
            self.received.append(received)
            if said is None:
                await self._closing.wait()
            else:
                writer.write(said)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
