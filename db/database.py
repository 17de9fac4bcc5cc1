"""The connection pool and the two ways to use it: a transaction with one owner, or a read.

Code that is handed a connection never commits: the `async with` that opened it does.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from ops.settings import Settings

Connection = AsyncConnection

POOL_WAIT_SECONDS = 2.0
CONNECT_SECONDS = 2
LOCK_TIMEOUT_MS = 2_000
IDLE_IN_TRANSACTION_MS = 10_000

UNAVAILABLE = (OperationalError, InterfaceError, PoolTimeoutError)
"""What a caller sees when Postgres is away, full or too slow: worth repeating, nothing was done."""


class Database:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._autocommit = engine.execution_options(isolation_level="AUTOCOMMIT")

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls(
            create_async_engine(
                settings.database_url.get_secret_value(),
                pool_size=settings.database_pool_size,
                max_overflow=0,
                pool_timeout=POOL_WAIT_SECONDS,
                pool_pre_ping=True,
                hide_parameters=True,  # an error's text ends in the logs: no e-mail or hash may be in it
                connect_args={
                    "connect_timeout": CONNECT_SECONDS,
                    "options": (
                        f"-c statement_timeout={settings.database_statement_timeout_ms}"
                        f" -c lock_timeout={LOCK_TIMEOUT_MS}"
                        f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MS}"
                        " -c timezone=UTC"
                    ),
                },
            )
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Commits when the block ends, rolls back when it raises."""
        async with self._engine.begin() as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """Single statements, each its own snapshot: no BEGIN and no COMMIT to wait for."""
        async with self._autocommit.connect() as connection:
            yield connection

    async def close(self) -> None:
        await self._engine.dispose()


def is_unavailable(error: Exception) -> bool:
    """Whether repeating the same request later can help."""
    return isinstance(error, UNAVAILABLE) or (isinstance(error, DBAPIError) and error.connection_invalidated)
