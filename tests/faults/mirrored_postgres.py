"""A Postgres with a standby that confirms each commit, and takes over when it is told to."""

import shutil
from pathlib import Path

import psycopg

from cli.dev.postgres import SUPERUSER, EmbeddedPostgres, _run
from cli.dev.privileges import step_down_from_root
from cli.dev.stack_error import StackError
from tests.deadline import eventually
from tests.stack import FAST

EVERYBODY_CONFIRMS = "ALTER SYSTEM SET synchronous_standby_names = '*'"
CONFIRMING = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"


class Standby(EmbeddedPostgres):
    """Begins as a copy of its primary, and follows it."""

    def __init__(self, folder: Path, primary: EmbeddedPostgres) -> None:
        super().__init__(folder, options=FAST)
        self._primary = primary

    async def promote(self) -> None:
        await run_sql(self, "SELECT pg_promote()")

    def _initialize(self) -> None:
        self._data.mkdir(mode=0o700)
        done = _run(
            [
                *step_down_from_root(self._data),
                self._programs / "pg_basebackup",
                *("--pgdata", self._data, "--write-recovery-conf", "--checkpoint=fast", "--no-sync"),
                *("--host", self._primary._socket_folder, "--username", SUPERUSER),
            ]
        )
        if done.returncode != 0:
            shutil.rmtree(self._data)
            raise StackError(f"pg_basebackup failed: {done.stderr.strip()}")

    async def _make_roles(self) -> None:
        """They came with the copy, which cannot be written to."""


class MirroredPostgres(EmbeddedPostgres):
    """The primary. Its URL names both, and asks for the one that can be written to."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "primary", options=FAST)
        self.standby = Standby(folder / "standby", self)

    def database_url(self, database: str, role: str = SUPERUSER) -> str:
        both = f"{self._socket_folder},{self.standby._socket_folder}"
        return f"postgresql://{role}@/{database}?host={both}&target_session_attrs=read-write"

    async def start(self) -> None:
        """Returns once nothing is committed that the standby does not have."""
        await super().start()
        await self.standby.start()
        await run_sql(self, EVERYBODY_CONFIRMS)
        await run_sql(self, "SELECT pg_reload_conf()")

        async def is_confirmed() -> bool:
            return await run_sql(self, CONFIRMING) == 1

        await eventually(is_confirmed)

    async def stop(self) -> None:
        await self.standby.stop()
        await super().stop()


async def run_sql(server: EmbeddedPostgres, statement: str) -> object:
    """On that server and no other. Returns the first value of what it answers, if it answers rows."""
    where = f"host={server._socket_folder} user={SUPERUSER} dbname=postgres"
    async with await psycopg.AsyncConnection.connect(where, autocommit=True) as connection:
        done = await connection.execute(statement)
        row = await done.fetchone() if done.description else None
    return row[0] if row else None
