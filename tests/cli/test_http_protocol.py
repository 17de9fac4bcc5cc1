"""Over a raw socket: what these limits are for is what no decent client does."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from cli import http_protocol
from cli.http_protocol import LONGEST_HEAD, BoundedProtocol
from tests.deadline import LONGEST_SECONDS


async def answer(scope: Any, receive: Any, send: Any) -> None:
    body = b""
    while (message := await receive()).get("more_body") or message["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"%05d" % len(body)})


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(http_protocol, "SLOWEST_HEAD_SECONDS", 1.0)
    config = uvicorn.Config(
        answer, port=0, http=BoundedProtocol, ws="none", lifespan="off", log_config=None, access_log=False
    )
    config.load()
    server = await asyncio.get_running_loop().create_server(
        lambda: BoundedProtocol(config, uvicorn.server.ServerState(), {}), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


async def exchange(port: int, *parts: bytes) -> bytes:
    """All that the server says until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    said = await asyncio.wait_for(reader.read(), timeout=LONGEST_SECONDS)
    writer.close()
    return said


async def test_a_head_that_never_ends_is_cut_off(port: int) -> None:
    endless = b"GET / HTTP/1.1\r\nHost: x\r\nX-Endless: "
    said = await exchange(port, endless, *[b"a" * 1024] * (LONGEST_HEAD // 1024 + 1))
    assert said.startswith(b"HTTP/1.1 431 ")


async def test_a_head_that_comes_too_slowly_is_cut_off(port: int) -> None:
    assert await exchange(port, b"GET / HTTP/1.1\r\nHost: x\r\n") == b""


async def test_a_connection_that_says_nothing_is_cut_off(port: int) -> None:
    assert await exchange(port) == b""


async def test_a_second_request_has_the_limits_of_the_first(port: int) -> None:
    first = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    said = await exchange(port, first, b"GET / HTTP/1.1\r\nX-Slow: ")
    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.count(b"HTTP/1.1") == 1


async def test_a_long_body_is_not_taken_for_a_long_head(port: int) -> None:
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 60000\r\n\r\n"
    said = await exchange(port, head, b"b" * 30_000, b"b" * 30_000)
    assert said.startswith(b"HTTP/1.1 200 ")
    assert said.endswith(b"60000")
