"""A TCP balancer: each new connection goes to the next process that says it is ready."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx2

from tests.deadline import eventually
from tests.free_port import free_port

ASKED_EVERY_SECONDS = 0.2
ANSWERED_WITHIN_SECONDS = 0.3
CHUNK = 64 * 1024

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Balancer:
    def __init__(self, ports: Sequence[int]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._ready = dict.fromkeys(ports, False)
        self._turns = itertools.cycle(ports)

    def is_ready(self, port: int) -> bool:
        return self._ready[port]

    async def _next_that_takes_it(self) -> Streams | None:
        """Who was ready when it was asked may have stopped since."""
        for port in itertools.islice(self._turns, len(self._ready)):
            if self._ready[port]:
                with contextlib.suppress(ConnectionRefusedError):
                    return await asyncio.open_connection("127.0.0.1", port)
        return None

    async def watch(self, port: int) -> None:
        """Until it is canceled."""
        async with httpx2.AsyncClient(timeout=ANSWERED_WITHIN_SECONDS, trust_env=False) as http:
            while True:
                try:
                    answer = await http.get(f"http://127.0.0.1:{port}/readyz")
                    self._ready[port] = answer.is_success
                except httpx2.TransportError:
                    self._ready[port] = False
                await asyncio.sleep(ASKED_EVERY_SECONDS)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a client, until both sides have ended it. It waits while nobody is ready."""
        served = await eventually(self._next_that_takes_it)
        assert served is not None
        served_reader, served_writer = served
        await asyncio.gather(pipe(reader, served_writer), pipe(served_reader, writer))


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until one of the two has ended."""
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()


@asynccontextmanager
async def balanced(ports: Sequence[int]) -> AsyncIterator[Balancer]:
    balancer = Balancer(ports)
    watching = [asyncio.create_task(balancer.watch(port)) for port in ports]
    server = await asyncio.start_server(balancer.carry, "127.0.0.1", balancer.port)
    try:
        yield balancer
    finally:
        server.close()
        for task in watching:
            task.cancel()
        await asyncio.wait(watching)
