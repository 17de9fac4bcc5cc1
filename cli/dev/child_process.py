"""One process of the local stack: in a session of its own, so that Ctrl-C reaches only who started it."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

from cli.dev.stack_error import StackError

GLANCE_SECONDS = 0.02
READY_SECONDS = 60.0
STOP_SECONDS = 10.0


class ChildProcess:
    """Writes its log to a file and who it is beside it, so that a later run finds what a killed one left."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | os.PathLike[str]],
        *,
        log_file: Path,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self.log_file = log_file
        self._command = command
        self._environment = environment
        self._folder = folder
        self._stop_signal = stop_signal
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise StackError(f"{self.name} was not started")
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """Negative when a signal ended it; None while it runs."""
        return None if self._process is None else self._process.poll()

    def start(self) -> None:
        self.log_file.parent.mkdir(parents=True, exist_ok=True)
        with self.log_file.open("ab") as log:
            self._process = self._spawn(log)
        identity = {
            "pid": self._process.pid,
            "started_at": psutil.Process(self._process.pid).create_time(),
            "stop_signal": self._stop_signal,
        }
        self.log_file.with_suffix(".pid").write_text(json.dumps(identity))

    def _spawn(self, log: IO[bytes]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=self._environment,
            cwd=self._folder,
            start_new_session=True,
        )

    async def wait_ready(
        self, is_ready: Callable[[], Awaitable[bool]], patience: float = READY_SECONDS
    ) -> None:
        """Raises `StackError`, with the end of the log, when it ends or takes longer than `patience`."""
        started_at = asyncio.get_running_loop().time()
        while not await is_ready():
            if not self.is_running:
                raise StackError(self.obituary())
            if asyncio.get_running_loop().time() - started_at > patience:
                raise StackError(self._complaint(f"was not ready within {patience:.0f} s"))
            await asyncio.sleep(GLANCE_SECONDS)

    async def stop(self, patience: float = STOP_SECONDS) -> int | None:
        """Asks it to end, then makes it. Returns the exit code."""
        if self._process is None:
            return None
        if self._process.poll() is None:
            self._process.send_signal(self._stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(self._process.wait, patience)
        self.kill()
        return self.exit_code

    def kill(self) -> None:
        """As `kill -9`, without time to tidy up; nothing when it has ended."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self.log_file.with_suffix(".pid").unlink(missing_ok=True)

    def last_words(self, count: int = 15) -> str:
        """The end of its log."""
        if not self.log_file.exists():
            return ""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-count:])

    def obituary(self) -> str:
        """How it ended, and what it said last."""
        return self._complaint(f"ended with exit code {self.exit_code}")

    def _complaint(self, what: str) -> str:
        return f"{self.name} {what}; the end of {self.log_file}:\n{self.last_words()}"
