"""A DNS server that knows one name: as the one of Docker, it tells the addresses of all replicas."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

HEADER_BYTES = 12
ANSWERED = b"\x81\x80"
FOR_AN_ADDRESS = b"\x00\x01\x00\x01"
OF_THE_NAME_ASKED = b"\xc0\x0c"
A_SECOND = (1).to_bytes(4, "big")


class NameServer(asyncio.DatagramProtocol):
    """Every name has these addresses, and none of the sixth version."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self.addresses = addresses
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        end = data.index(b"\x00", HEADER_BYTES) + 1
        question = data[HEADER_BYTES : end + len(FOR_AN_ADDRESS)]
        known = self.addresses if question.endswith(FOR_AN_ADDRESS) else ()
        counts = b"\x00\x01" + len(known).to_bytes(2, "big") + bytes(4)
        self._transport.sendto(data[:2] + ANSWERED + counts + question + b"".join(map(_record, known)), addr)


@asynccontextmanager
async def name_server(addresses: Sequence[str]) -> AsyncIterator[str]:
    """Where it is asked."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: NameServer(addresses), local_addr=("127.0.0.1", 0)
    )
    host, port = transport.get_extra_info("sockname")
    try:
        yield f"{host}:{port}"
    finally:
        transport.close()


def _record(address: str) -> bytes:
    data = socket.inet_aton(address)
    return OF_THE_NAME_ASKED + FOR_AN_ADDRESS + A_SECOND + len(data).to_bytes(2, "big") + data
