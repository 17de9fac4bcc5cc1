"""Temporal elsewhere, as Temporal Cloud is: by its own variables, over TLS, with a key or a certificate."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import TLSConfig

from cli.dev.temporal import NAMESPACE, EmbeddedTemporal
from ops.temporal_client import connect_temporal
from tests.balancer import pipe
from tests.certificate import self_signed

SERVER, CLIENT = "temporal.test", "italiano.test"
API_KEY = "key-of-a-namespace"


@pytest.fixture(scope="module")
def server_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("server"), SERVER)


@pytest.fixture(scope="module")
def client_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("client"), CLIENT)


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, server_certificate: Path) -> pytest.MonkeyPatch:
    """Nothing is known of a cluster but how to know it."""
    for name in [name for name in os.environ if name.startswith("TEMPORAL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", NAMESPACE)
    monkeypatch.setenv("TEMPORAL_TLS_SERVER_CA_CERT_PATH", str(server_certificate))
    monkeypatch.setenv("TEMPORAL_TLS_SERVER_NAME", SERVER)
    return monkeypatch


@asynccontextmanager
async def behind_tls(
    server: EmbeddedTemporal, certificate: Path, of_clients: Path | None
) -> AsyncIterator[str]:
    """The address of a listener that ends TLS in front of the server; it may ask who comes."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=of_clients)
    context.load_cert_chain(certificate)
    context.set_alpn_protocols(["h2"])
    context.verify_mode = ssl.CERT_NONE if of_clients is None else ssl.CERT_REQUIRED
    host, _, port = server.address.partition(":")

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served_reader, served_writer = await asyncio.open_connection(host, int(port))
        await asyncio.gather(pipe(reader, served_writer), pipe(served_reader, writer))

    listener = await asyncio.start_server(carry, "127.0.0.1", 0, ssl=context)
    try:
        yield f"127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()


async def is_served(client: Client) -> bool:
    request = DescribeNamespaceRequest(namespace=client.namespace)
    return (await client.workflow_service.describe_namespace(request)).namespace_info.name == NAMESPACE


async def test_a_certificate_of_ours_opens_the_door_and_nothing_else_does(
    temporal_server: EmbeddedTemporal,
    elsewhere: pytest.MonkeyPatch,
    server_certificate: Path,
    client_certificate: Path,
) -> None:
    async with behind_tls(temporal_server, server_certificate, client_certificate) as address:
        elsewhere.setenv("TEMPORAL_ADDRESS", address)
        with pytest.raises(RuntimeError):
            await connect_temporal()

        for part in ("CERT", "KEY"):
            elsewhere.setenv(f"TEMPORAL_TLS_CLIENT_{part}_PATH", str(client_certificate))

        assert await is_served(await connect_temporal())


async def test_an_api_key_goes_with_every_call_over_tls(
    temporal_server: EmbeddedTemporal, elsewhere: pytest.MonkeyPatch, server_certificate: Path
) -> None:
    async with behind_tls(temporal_server, server_certificate, None) as address:
        elsewhere.setenv("TEMPORAL_ADDRESS", address)
        elsewhere.setenv("TEMPORAL_API_KEY", API_KEY)

        client = await connect_temporal()

        assert await is_served(client)
        config = client.service_client.config
        assert (config.api_key, isinstance(config.tls, TLSConfig)) == (API_KEY, True)


async def test_variables_that_are_empty_are_not_set(
    temporal_server: EmbeddedTemporal, elsewhere: pytest.MonkeyPatch
) -> None:
    """As compose hands on those that nobody has set."""
    elsewhere.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    for name in ("API_KEY", "TLS", "CLIENT_CERT_PATH", "CLIENT_KEY_PATH", "SERVER_CA_CERT_PATH"):
        elsewhere.setenv(f"TEMPORAL_{name}" if name in {"API_KEY", "TLS"} else f"TEMPORAL_TLS_{name}", "")
    elsewhere.setenv("TEMPORAL_TLS_SERVER_NAME", "")

    client = await connect_temporal()

    assert await is_served(client)
    assert (client.service_client.config.api_key, client.service_client.config.tls) == (None, None)
