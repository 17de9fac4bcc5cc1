"""The connection goes to an address, and the certificate has to be that of the name."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from domain.delivery import Answer
from tests.event_receiver import OK
from upkeep.events.sending import EventSender

NAME = "localhost"
OTHER_NAME = "crm.test"
A_DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of `localhost`, signed by itself; with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - A_DAY)
        .not_valid_after(now + A_DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + made.public_bytes(pem))
    return file


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
            verify=ssl.create_default_context(cafile=trusted), trust_env=False, timeout=5
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
