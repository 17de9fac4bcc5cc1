"""Receives what a payment provider reports, verifies it, and keeps it for a test to look at."""

import asyncio
import json
import time
from typing import Any

from payments.signed_webhook import verify
from tests.free_port import free_port


class WebhookReceiver:
    """Answers with `status`, or not at all while it is closed."""

    def __init__(self, secret: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.status = 200
        self.taken: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self._secret = secret
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", self.port)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def taken_of(self, payment_id: int) -> list[dict[str, Any]]:
        return [report for report in self.taken if report["payment_id"] == payment_id]

    def bodies_of(self, payment_id: int) -> list[bytes]:
        """The raw bytes of them."""
        return [body for body in self.bodies if json.loads(body)["payment_id"] == payment_id]

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        body = await reader.readexactly(int(headers["content-length"]))
        status = self.status
        assert head[0] == "POST /payments/webhook HTTP/1.1"
        verify([self._secret], body, [headers["x-signature"]], [headers["x-timestamp"]], time.time())
        self.bodies.append(body)
        (self.taken if status < 300 else self.refused).append(json.loads(body))
        writer.write(f"HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()
