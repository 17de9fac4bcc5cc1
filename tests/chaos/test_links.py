"""Each kind of weather on a link, as the two who talk over it meet it, and how it is counted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.chaos.links import Link, Met, Weather
from tests.deadline import eventually
from tests.free_port import free_port

Talk = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def heard() -> list[bytes]:
    """What the other side was told."""
    return []


@pytest.fixture
async def link(heard: list[bytes]) -> AsyncIterator[Link]:
    """To somebody who repeats each line."""

    async def repeat(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                heard.append(line)
                writer.write(line)
        except ConnectionError:
            pass
        finally:
            writer.close()

    port = free_port()
    server = await asyncio.start_server(repeat, "127.0.0.1", port)
    link = Link("test", [free_port(), port])  # nobody is at the first: the next one is tried
    await link.open()
    yield link
    await link.close()
    server.close()


@asynccontextmanager
async def talking(link: Link) -> AsyncIterator[Talk]:
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def say(talk: Talk, line: bytes = b"ciao\n") -> bytes:
    """The answer; empty when the connection has ended."""
    reader, writer = talk
    writer.write(line)
    try:
        return await reader.readline()
    except ConnectionError:
        return b""


async def test_a_calm_link_carries_both_ways(link: Link, heard: list[bytes]) -> None:
    async with talking(link) as talk:
        assert await say(talk) == b"ciao\n"

    assert heard == [b"ciao\n"]
    assert link.met[Met.THERE] == link.met[Met.BACK] == 1


async def test_a_link_that_is_cut_breaks_what_is_open_and_refuses_what_comes(link: Link) -> None:
    async with talking(link) as talk:
        await say(talk)
        link.change(Weather.CUT)
        assert await say(talk) == b""
        async with talking(link) as refused:
            assert await say(refused) == b""
        link.calm()
        async with talking(link) as again:
            assert await say(again) == b"ciao\n"

    assert (link.met[Met.BROKEN], link.met[Met.REFUSED]) == (1, 1)


async def test_a_half_open_link_swallows_both_ways_until_it_breaks(link: Link, heard: list[bytes]) -> None:
    async with talking(link) as talk:
        await say(talk)
        link.change(Weather.HALF_OPEN)
        answer = asyncio.create_task(say(talk, b"nobody hears\n"))

        async def is_swallowed() -> int:
            return link.met[Met.SWALLOWED]

        await eventually(is_swallowed)
        assert not answer.done()
        link.calm()
        assert await answer == b""

    assert heard == [b"ciao\n"]


async def test_a_lost_reply_was_heard(link: Link, heard: list[bytes]) -> None:
    async with talking(link) as talk:
        link.change(Weather.REPLY_LOST, loses=b"charge")
        assert await say(talk, b"look up\n") == b"look up\n"
        assert await say(talk, b"charge\n") == b""

    assert heard == [b"look up\n", b"charge\n"]
    assert link.met[Met.LOST] == 1


async def test_a_slow_link_is_late(link: Link) -> None:
    link.change(Weather.SLOW)
    async with talking(link) as talk:
        assert await say(talk) == b"ciao\n"

    assert link.met[Met.DELAYED] == 2


async def test_whoever_finds_nobody_is_told_so(link: Link) -> None:
    nobody = Link("nobody", [free_port()])
    await nobody.open()
    async with talking(nobody) as talk:
        assert await say(talk) == b""
    await nobody.close()

    assert nobody.met[Met.UNREACHABLE] == 1
