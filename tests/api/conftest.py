"""The application in the test's own process, its engines away."""

from collections.abc import AsyncIterator

import httpx2
import pytest
import structlog

from tests.api.shell import client_of, shell_app


@pytest.fixture(scope="session", autouse=True)
def plain_log_lines() -> None:
    """Without this, structlog paints every traceback with all local variables: seconds for each."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ]
    )


@pytest.fixture(scope="module")
async def shell() -> AsyncIterator[httpx2.AsyncClient]:
    async with client_of(shell_app()) as client:
        yield client


@pytest.fixture
async def shell_without_temporal(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[httpx2.AsyncClient]:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    async with client_of(shell_app()) as client:
        yield client
