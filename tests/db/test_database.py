"""Two ways to use a connection, how long each may take, and which failures are worth a repetition."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import make_url, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from cli.dev.postgres import SOCKET_NAME, EmbeddedPostgres
from db.database import Connection, Database, is_unavailable
from db.tables.accounts import User
from ops.settings import Settings
from tests.chaos.links import Link, Weather
from tests.conftest import FreshDatabaseUrl
from tests.db.rows import insert_row
from tests.deadline import eventually
from tests.free_port import free_port
from tests.stack import PATIENCE_MS, settings_for

ANSWERS = 5
"""At least so many come back before a first statement of ours is answered."""
TIMED_OUT = {"database_statement_timeout_ms": 50}


async def emails(database: Database, email: str) -> list[str]:
    async with database.read() as connection:
        return list((await connection.execute(select(User.email).where(User.email == email))).scalars())


async def failure_of(database: Database, statement: str) -> Exception:
    with pytest.raises(DBAPIError) as failure:
        async with database.read() as connection:
            await connection.execute(text(statement))
    return failure.value


async def test_a_transaction_is_committed_when_its_block_ends(database: Database) -> None:
    async with database.transaction() as connection:
        await insert_row(connection, User, email="committed@italiano.example")

    assert await emails(database, "committed@italiano.example") == ["committed@italiano.example"]


async def test_a_transaction_is_rolled_back_when_its_block_raises(database: Database) -> None:
    async def insert_and_fail() -> None:
        async with database.transaction() as connection:
            await insert_row(connection, User, email="rolled-back@italiano.example")
            raise LookupError

    with pytest.raises(LookupError):
        await insert_and_fail()

    assert await emails(database, "rolled-back@italiano.example") == []


async def test_a_read_leaves_no_transaction_open(database: Database) -> None:
    async with database.read() as connection:
        first = await connection.scalar(text("SELECT txid_current()"))
        second = await connection.scalar(text("SELECT txid_current()"))

    assert second > first


async def test_every_session_has_its_limits(connection: Connection) -> None:
    limits = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "timezone")

    assert [await connection.scalar(text(f"SHOW {limit}")) for limit in limits] == [
        f"{PATIENCE_MS // 1_000}s",
        f"{PATIENCE_MS // 1_000}s",
        "10s",
        "UTC",
    ]


async def test_a_statement_that_takes_too_long_is_worth_a_repetition(settings: Settings) -> None:
    database = Database.from_settings(settings.model_copy(update=TIMED_OUT))
    failure = await failure_of(database, "SELECT pg_sleep(30)")
    await database.close()

    assert is_unavailable(failure)


async def test_a_session_that_is_ended_is_worth_a_repetition_and_is_replaced(settings: Settings) -> None:
    database = Database.from_settings(settings)
    failure = await failure_of(database, "SELECT pg_terminate_backend(pg_backend_pid())")

    assert is_unavailable(failure)
    assert await emails(database, "nobody@italiano.example") == []
    await database.close()


async def test_a_session_that_idled_too_long_is_worth_a_repetition(database: Database) -> None:
    async def idle_too_long(connection: Connection) -> None:
        await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 20"))
        session = await connection.scalar(text("SELECT pg_backend_pid()"))

        async def is_gone() -> bool:
            async with database.read() as other:
                found = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :session")
                return bool(await other.scalar(found, {"session": session}) == 0)

        await eventually(is_gone)
        await connection.execute(text("SELECT 1"))

    with pytest.raises(DBAPIError) as failure:
        async with database.transaction() as connection:
            await idle_too_long(connection)

    assert is_unavailable(failure.value)


async def test_a_database_that_is_not_there_is_worth_a_repetition() -> None:
    database = Database.from_settings(settings_for(f"postgresql://nobody@127.0.0.1:{free_port()}/none"))

    assert is_unavailable(await failure_of(database, "SELECT 1"))
    await database.close()


async def test_a_server_that_only_reads_by_now_is_left(
    database: Database, fresh_database_url: FreshDatabaseUrl
) -> None:
    """As after a failover which has ended no session: not one of the pool is asked again."""
    url = await fresh_database_url()
    failed_over = Database.from_settings(settings_for(url))

    async def only_reads(*, is_so: bool) -> None:
        told = f"ALTER DATABASE {make_url(url).database} SET default_transaction_read_only = {is_so}"
        async with database.read() as connection:
            await connection.execute(text(told))

    await only_reads(is_so=True)
    async with failed_over.read(), failed_over.read():
        refused = await failure_of(failed_over, "DELETE FROM webhook_inbox")
    assert is_unavailable(refused)

    await only_reads(is_so=False)
    async with failed_over.transaction() as one, failed_over.transaction() as another:
        await insert_row(one, User, email="one@italiano.example")
        await insert_row(another, User, email="another@italiano.example")
    await failed_over.close()


@pytest.mark.parametrize(
    "statement", ["SELECT 1/0", "SELECT * FROM nowhere", "INSERT INTO plans DEFAULT VALUES"]
)
async def test_a_mistake_is_not_worth_a_repetition(database: Database, statement: str) -> None:
    assert not is_unavailable(await failure_of(database, statement))
    assert not is_unavailable(ValueError("not of the database at all"))


@pytest.fixture
async def far_away(postgres: EmbeddedPostgres, database_url: str) -> AsyncIterator[tuple[Link, Database]]:
    """A database that nobody has connected to, and the line that leads there."""
    link = Link("to postgres", [postgres._socket_folder / SOCKET_NAME])
    await link.open()
    name = database_url.partition("@/")[2].partition("?")[0]
    by_link = f"postgresql://postgres@127.0.0.1:{link.port}/{name}?sslmode=disable"
    database = Database.from_settings(settings_for(by_link))
    yield link, database
    await database.close()
    await link.close()


@pytest.mark.parametrize("asked", [b"pg_catalog.version", b"current_schema", b"standard_conforming_strings"])
async def test_a_first_connection_that_is_lost_at_once_is_an_outage(
    far_away: tuple[Link, Database], asked: bytes
) -> None:
    """While it is asked what server it is to: whoever starts while Postgres ends."""
    link, database = far_away
    link.change(Weather.REPLY_LOST, loses=asked)
    with pytest.raises(OperationalError) as failure:
        await emails(database, "nobody@italiano.example")
    assert is_unavailable(failure.value)

    link.calm()
    assert await emails(database, "nobody@italiano.example") == []


@pytest.mark.parametrize("answer", range(1, ANSWERS + 1))
async def test_whoever_is_canceled_while_it_connects_ends(
    far_away: tuple[Link, Database], answer: int
) -> None:
    """Whatever it waits for: who took it for an outage would go on, and be waited for in vain."""
    link, database = far_away
    came = itertools.count(1)

    def cancel_at(_answer: bytes) -> None:
        if next(came) == answer:
            asking.cancel()

    link.sees = cancel_at
    asking = asyncio.create_task(emails(database, "nobody@italiano.example"))
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_name_that_nobody_resolves_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's own limit begins once there is an address."""

    async def never(*_arguments: object, **_keywords: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", never)
    far = settings_for("postgresql://nobody@postgres.example/none").model_copy(update=TIMED_OUT)
    database = Database.from_settings(far)

    assert is_unavailable(await failure_of(database, "SELECT 1"))
    await database.close()


async def test_what_fails_later_is_no_outage(database: Database) -> None:
    async def ask_nothing() -> None:
        async with database.read():
            raise NotImplementedError

    with pytest.raises(NotImplementedError):
        await ask_nothing()
