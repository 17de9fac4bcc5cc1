"""A command as a process would run it, without starting one: what it says, and how it ends."""

import asyncio
import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from cli.main import app
from tests.stack import Stack


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


async def italiano(stack: Stack, *arguments: str, **changes: str) -> Done:
    """With the stack's environment, and these variables changed; the loop of the test runs on meanwhile."""
    return await asyncio.to_thread(invoke, stack.environment | changes, *arguments)


def invoke(environment: dict[str, str], *arguments: str) -> Done:
    """Nobody is there to be asked: there is nothing on its standard input."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict("os.environ", environment, clear=True),
        patch("sys.stdin", io.StringIO()),
        patch("cli.asking.configure_logging"),
        patch("cli.doctor.command.configure_logging"),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        code = _code_of(arguments, err)
    return Done(code, out.getvalue(), err.getvalue())


def _code_of(arguments: tuple[str, ...], err: io.StringIO) -> int:
    """As `cli.main.main` ends a process."""
    try:
        app(list(arguments), prog_name="italiano")
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=err)
            return 1
        return ended.code or 0
    return 0
