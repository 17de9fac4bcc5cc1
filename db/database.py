"""The connection pool and the ways to use it: a transaction with one owner, a read, a stream. And long locks.

Code that is handed a connection never commits: the `async with` that opened it does.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

from sqlalchemy import event, func, select
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from db.bounded_connection import BoundedConnection
from db.sql_spans import trace_statements
from ops.settings import Settings

Connection = AsyncConnection

POOL_WAIT_SECONDS = 2.0
CONNECT_SECONDS = 2
LOCK_TIMEOUT_MS = 2_000
IDLE_IN_TRANSACTION_MS = 10_000
STREAMED_MS = 60_000
"""For a part of what is streamed: to be found, and to be taken by whoever reads it."""

ANSWER_MARGIN_SECONDS = 1.0
"""A server that ends a statement in time has answered by then."""

LOCKS_AT_ONCE = 10

READ_ONLY = "25006"
"""The code of a server that only reads, as one does that was the primary and is a standby by now."""

USER_ERASED = "IB001"
"""The code of our own that a trigger of the schema raises."""


UNAVAILABLE = (OperationalError, InterfaceError, PoolTimeoutError)
"""What a caller sees when Postgres is away, full or too slow: worth repeating, nothing was done."""


@dataclass(frozen=True)
class Pool:
    """How many connections somebody holds, and how many there can be."""

    in_use: int
    size: int


class Database:
    def __init__(self, engine: AsyncEngine, locks: AsyncEngine) -> None:
        """`locks` has connections of its own, so that work that takes long never keeps a request waiting."""
        self._engine = engine
        self._autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._snapshots = engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self._locks = locks.execution_options(isolation_level="AUTOCOMMIT")

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls(_engine(settings, settings.database_pool_size), _engine(settings, LOCKS_AT_ONCE))

    @property
    def pool(self) -> Pool:
        pool: Any = self._engine.pool
        return Pool(pool.checkedout(), pool.size())

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Commits when the block ends, rolls back when it raises."""
        async with self._engine.connect() as connection, connection.begin():
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """Single statements, each its own snapshot: no BEGIN and no COMMIT to wait for."""
        async with self._autocommit.connect() as connection:
            yield connection

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[Connection]:
        """A transaction that only reads, for rows that come part by part, as fast as somebody takes them.

        Its statements share one snapshot. It keeps a connection from others: not for many at once.
        """
        async with self._snapshots.connect() as connection, connection.begin(), _waiting_longer(connection):
            for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
                await connection.execute(select(func.set_config(name, str(STREAMED_MS), True)))
            yield connection

    @asynccontextmanager
    async def try_lock(self, name: str) -> AsyncIterator[Connection | None]:
        """Holds the lock of that name, which one has in the whole system; `None` when somebody else has it.

        The lock lives as long as its connection: whoever reads and writes on it has the lock for sure. Each
        statement commits by itself, so that nothing is held open meanwhile.
        """
        async with self._locks.connect() as connection:
            try:
                taken = select(func.pg_try_advisory_lock(func.hashtextextended(name, 0)))
                yield connection if (await connection.execute(taken)).scalar_one() else None
            finally:
                await connection.invalidate()  # closed instead of given back: that frees the lock in any case

    async def close(self) -> None:
        await self._engine.dispose()
        await self._locks.dispose()


@asynccontextmanager
async def _waiting_longer(connection: Connection) -> AsyncIterator[None]:
    bounded: Any = (await connection.get_raw_connection()).driver_connection
    usual = bounded.longest_wait_seconds
    bounded.longest_wait_seconds = STREAMED_MS / 1_000 + ANSWER_MARGIN_SECONDS
    try:
        yield
    finally:
        bounded.longest_wait_seconds = usual


def _engine(settings: Settings, pool_size: int) -> AsyncEngine:
    longest_wait_seconds = settings.database_statement_timeout_ms / 1_000 + ANSWER_MARGIN_SECONDS
    engine = create_async_engine(
        settings.database_url.get_secret_value(),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_WAIT_SECONDS,
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text ends in the logs: no e-mail or hash may be in it
        connect_args={
            "async_creator_fn": partial(BoundedConnection.open, longest_wait_seconds=longest_wait_seconds),
            "connect_timeout": CONNECT_SECONDS,
            "options": (
                f"-c statement_timeout={settings.database_statement_timeout_ms}"
                f" -c lock_timeout={LOCK_TIMEOUT_MS}"
                f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}"
                " -c timezone=UTC"
            ),
        },
    )
    trace_statements(engine.sync_engine)
    event.listen(engine.sync_engine, "handle_error", _leave_who_only_reads)
    return engine


def _leave_who_only_reads(failure: ExceptionContext) -> None:
    """The pool's other connections lead there, too: all are made anew, to whichever can be written to."""
    if _code_of(failure.original_exception) == READ_ONLY:
        failure.is_disconnect = True


def is_unavailable(error: Exception) -> bool:
    """Whether repeating the same request later can help."""
    return isinstance(error, UNAVAILABLE) or (isinstance(error, DBAPIError) and error.connection_invalidated)


def is_of_erased_user(error: Exception) -> bool:
    """Whether the database refused to write something new about a user who was erased."""
    return isinstance(error, DBAPIError) and _code_of(error.orig) == USER_ERASED


def _code_of(error: BaseException | None) -> str | None:
    return getattr(error, "sqlstate", None)
