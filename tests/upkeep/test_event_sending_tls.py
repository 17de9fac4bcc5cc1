"""The connection goes to an address, and the certificate has to be that of the name."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from domain.delivery import Answer
from tests.certificate import self_signed
from tests.deadline import LONGEST_SECONDS
from tests.event_receiver import OK
from upkeep.events.sending import EventSender

NAME = "localhost"
OTHER_NAME = "crm.test"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"), NAME)


@pytest.fixture
async def port(certificate: Path) -> AsyncIterator[int]:
    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await writer.drain()
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def sent_to(url: str, trusted: Path | None) -> Answer:
    sender = EventSender(allow_private=True)
    if trusted is not None:
        await sender._http.aclose()
        sender._http = httpx2.AsyncClient(
            verify=ssl.create_default_context(cafile=trusted), trust_env=False, timeout=LONGEST_SECONDS
        )
    try:
        return await sender.send(url, {}, "{}")
    finally:
        await sender.close()


async def test_a_certificate_of_that_name(port: int, certificate: Path) -> None:
    assert await sent_to(f"https://{NAME}:{port}/", certificate) == Answer(204)


async def test_a_certificate_of_another_name(
    monkeypatch: pytest.MonkeyPatch, port: int, certificate: Path
) -> None:
    async def here(_self: EventSender, _target: object) -> list[str]:
        return ["127.0.0.1"]

    monkeypatch.setattr(EventSender, "_resolve", here)

    assert await sent_to(f"https://{OTHER_NAME}:{port}/", certificate) == Answer(error="not_connected")


async def test_a_certificate_that_nobody_trusts(port: int) -> None:
    assert await sent_to(f"https://{NAME}:{port}/", None) == Answer(error="not_connected")
