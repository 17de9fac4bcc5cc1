"""A Temporal server whose queues have no workers but those of the test, with activities that are made up."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from cli.dev.temporal import EmbeddedTemporal
from tests.free_port import free_port


@pytest.fixture(scope="session")
async def own_temporal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Client]:
    server = EmbeddedTemporal(port=free_port(), log_file=tmp_path_factory.mktemp("own") / "temporal.log")
    await server.start()
    yield await Client.connect(server.address)
    await server.stop()
