"""Asks the books, or the whole product, from a command: what is refused or away ends it with a sentence."""

import asyncio
import getpass
import secrets
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from typing import TypeVar

from temporalio.service import RPCError

from api.context import Context, open_context
from api.problems import Problem
from api.schemas.base import LONGEST_REASON
from cli.operator_settings import operator_settings
from db.database import Connection, Database
from db.database import is_unavailable as is_postgres_away
from ops.logging import configure_logging
from ops.settings import Settings
from ops.temporal_errors import is_unavailable as is_temporal_away

Asked = TypeVar("Asked")


def ask_books(ask: Callable[[Connection], Awaitable[Asked]]) -> Asked:
    """In one transaction."""

    async def run(settings: Settings) -> Asked:
        database = Database.from_settings(settings)
        try:
            async with database.transaction() as connection:
                return await ask(connection)
        finally:
            await database.close()

    return run_with_settings(run)


def ask_snapshot(ask: Callable[[Connection], Awaitable[Asked]]) -> Asked:
    """For what takes long: its statements share one snapshot, and write nothing."""

    async def run(settings: Settings) -> Asked:
        database = Database.from_settings(settings)
        try:
            async with database.stream() as connection:
                return await ask(connection)
        finally:
            await database.close()

    return run_with_settings(run)


def ask_product(ask: Callable[[Context], Awaitable[Asked]]) -> Asked:
    """With all that the API works with: what it would carry out is carried out alike."""

    async def run(settings: Settings) -> Asked:
        async with open_context(settings, serves=False) as context:
            return await ask(context)

    return run_with_settings(run)


def operator() -> str:
    """Whoever is logged in on this machine, as the timeline names them."""
    return f"operator:{getpass.getuser()}"


def new_command_id() -> str:
    """For a command that is typed once: typed again it is another one."""
    return f"cli:{secrets.token_hex(8)}"


def checked_reason(reason: str) -> str:
    """Ends the process when it says nothing."""
    said = reason.strip()
    if not 0 < len(said) <= LONGEST_REASON or "\x00" in said:
        sys.exit(f"FAIL --reason: say why, in 1 to {LONGEST_REASON} characters")
    return said


def run_with_settings(run: Callable[[Settings], Awaitable[Asked]]) -> Asked:
    """Ends the process with a sentence as `ends_with_a_sentence` does."""
    settings = operator_settings()
    with redirect_stdout(sys.stderr):  # what is told on stdout is for a program, too
        configure_logging("cli", settings.log_level)

    async def answer() -> Asked:
        return await run(settings)

    with ends_with_a_sentence():
        return asyncio.run(answer())


@contextmanager
def ends_with_a_sentence() -> Iterator[None]:
    """A refusal, or an engine that is away, ends the process."""
    try:
        yield
    except Problem as refused:
        sys.exit(f"FAIL {refused.code}: {refused.detail}")
    except Exception as error:
        if is_postgres_away(error):
            sys.exit("FAIL Postgres cannot be reached; `italiano doctor` says more")
        if is_temporal_away(error) or isinstance(error, RPCError):
            sys.exit("FAIL Temporal or its worker cannot be reached; `italiano doctor` says more")
        raise  # a fault of ours: where it was is wanted
