"""The application in the test's own process, its engines away."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.api.shell import client_of, shell_app


@pytest.fixture(scope="module")
async def shell() -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(shell_app()) as client:
        yield client


@pytest.fixture
async def shell_without_temporal(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx2.AsyncClient]:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    async with client_of(shell_app()) as client:
        yield client
