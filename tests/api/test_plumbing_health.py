import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx2
import pytest
from sqlalchemy import text

from api.app import create_app
from cli.dev.temporal import EmbeddedTemporal
from db.database import Database
from tests.api.shell import client_of
from tests.stack import settings_for

SOON_SECONDS = 15
"""Whatever else they have patience for, in these tests, is longer."""


@pytest.fixture
def temporal_there(monkeypatch: pytest.MonkeyPatch, temporal_server: EmbeddedTemporal) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)


async def execute(database_url: str, statement: str) -> None:
    database = Database.from_settings(settings_for(database_url))
    async with database.transaction() as connection:
        await connection.execute(text(statement))
    await database.close()


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """Accepts every connection and never says a word."""
    connections: list[asyncio.StreamWriter] = []

    async def keep(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(writer)

    server = await asyncio.start_server(keep, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1]
    for connection in connections:
        connection.close()
    server.close()
    await server.wait_closed()


async def not_ready(client: httpx2.AsyncClient) -> dict[str, str]:
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert answer.headers["retry-after"] == "1"
    checks: dict[str, str] = answer.json()["checks"]
    return checks


async def test_alive_without_any_engine(shell_without_temporal: httpx2.AsyncClient) -> None:
    answer = await shell_without_temporal.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_ready_with_both_engines(temporal_there: None, database_url: str) -> None:
    async with client_of(create_app(settings_for(database_url))) as client:
        answer = await client.get("/readyz")

    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "ready", "checks": {"postgres": "ok", "migrations": "ok", "temporal": "ok"}},
    )


async def test_not_ready_without_engines_and_says_which(shell_without_temporal: httpx2.AsyncClient) -> None:
    assert await not_ready(shell_without_temporal) == {
        "postgres": "unreachable",
        "migrations": "unknown",
        "temporal": "unreachable",
    }


async def test_not_ready_while_only_temporal_is_away(
    monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    async with client_of(create_app(settings_for(database_url))) as client:
        assert await not_ready(client) == {"postgres": "ok", "migrations": "ok", "temporal": "unreachable"}


@pytest.mark.parametrize(
    ("change", "migrations"),
    [
        ("UPDATE alembic_version SET version_num = '0001'", "at 0001, run the migrations"),
        ("DELETE FROM alembic_version", "at none, run the migrations"),
        ("DROP TABLE alembic_version", "at none, run the migrations"),
    ],
)
async def test_not_ready_on_an_older_schema(
    temporal_there: None,
    fresh_database_url: Callable[[], Awaitable[str]],
    change: str,
    migrations: str,
) -> None:
    url = await fresh_database_url()
    await execute(url, change)
    async with client_of(create_app(settings_for(url))) as client:
        assert await not_ready(client) == {"postgres": "ok", "migrations": migrations, "temporal": "ok"}


async def test_ready_on_the_schema_of_a_newer_release(
    temporal_there: None, fresh_database_url: Callable[[], Awaitable[str]]
) -> None:
    url = await fresh_database_url()
    await execute(url, "UPDATE alembic_version SET version_num = '9999'")
    async with client_of(create_app(settings_for(url))) as client:
        assert (await client.get("/readyz")).status_code == 200


async def test_an_engine_that_accepts_and_never_answers_cannot_hold_the_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("api.readiness.SLOWEST_CHECK_SECONDS", 0.1)
    monkeypatch.setattr("db.database.CONNECT_SECONDS", 2)  # it is waited for when all is over
    async with silent_server() as port:
        monkeypatch.setenv("TEMPORAL_ADDRESS", f"127.0.0.1:{port}")
        url = f"postgresql+psycopg://nobody@127.0.0.1:{port}/nothing"
        async with client_of(create_app(settings_for(url))) as client, asyncio.timeout(SOON_SECONDS):
            checks = await not_ready(client)

    assert checks == {"postgres": "unreachable", "migrations": "unknown", "temporal": "unreachable"}
