"""The stack that a command works on: the one that runs here or, without one, its own for a while."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.dev.home import Home
from cli.dev.ports import DEFAULTS
from cli.dev.secrets_kept import secrets_of
from cli.dev.stack_error import StackError
from cli.dev.stack_settings import stack_settings
from cli.dev.status import Status
from ops.settings import Settings

READY_SECONDS = 90.0
STOP_SECONDS = 60.0
GLANCE_SECONDS = 0.05
LOG = "dev.log"


@dataclass(frozen=True)
class FoundStack:
    status: Status
    home: Home
    is_temporary: bool


def find_running() -> FoundStack | None:
    home = Home.from_environment()
    try:
        return FoundStack(Status.of_running(home), home, is_temporary=False)
    except StackError:
        return None


def settings_of(stack: FoundStack) -> Settings:
    return stack_settings(
        database_url=stack.status.database_url,
        jwt_secret=secrets_of(stack.home).jwt_secret,
        webhook_secret=stack.status.webhook_secret,
        psp_url=stack.status.psp_url,
        psp_api_key=stack.status.psp_api_key,
        temporal_ui_url=stack.status.temporal_ui_url,
    )


@contextmanager
def temporary_stack() -> Iterator[FoundStack]:
    """Runs `italiano dev` in a folder and on ports that nobody else uses, and leaves nothing behind.

    Raises `StackError`, with what it said last, when it does not come up.
    """
    with tempfile.TemporaryDirectory(prefix="italiano-") as folder, _terminated_as_exit():
        home = Home(Path(folder))
        process = _start_dev(home)
        try:
            yield FoundStack(_wait_ready(process, home), home, is_temporary=True)
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def _start_dev(home: Home) -> subprocess.Popen[bytes]:
    with (home.folder / LOG).open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "cli.main", "dev", "--with-parent"],
            env=os.environ | _free_ports() | {"ITALIANO_HOME": str(home.folder)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us: we end it when we are done
        )


def _wait_ready(process: subprocess.Popen[bytes], home: Home) -> Status:
    give_up_at = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < give_up_at:
        try:
            return Status.of_running(home)
        except StackError:
            time.sleep(GLANCE_SECONDS)
    said = (home.folder / LOG).read_text(errors="replace").strip()
    raise StackError(f"a stack of our own did not come up:\n{said}")


def _free_ports() -> dict[str, str]:
    """One for each variable, all different since all are held at once."""
    with ExitStack() as held:
        probes = {name: held.enter_context(socket.socket()) for name in DEFAULTS}
        for probe in probes.values():
            probe.bind(("127.0.0.1", 0))
        return {name: str(probe.getsockname()[1]) for name, probe in probes.items()}


@contextmanager
def _terminated_as_exit() -> Iterator[None]:
    """Lets SIGTERM and SIGHUP unwind as Ctrl-C does, so that what was started is stopped."""

    def leave(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    signs = (signal.SIGTERM, signal.SIGHUP)
    before = [signal.signal(sign, leave) for sign in signs]
    try:
        yield
    finally:
        for sign, handler in zip(signs, before, strict=True):
            signal.signal(sign, handler)
