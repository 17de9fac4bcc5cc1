"""The folder that holds everything of one local stack: it survives restarts and is wiped in one go."""

import contextlib
import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli.dev.stack_error import StackError

DEFAULT = ".italiano"
ANOTHER_HOME = "start one elsewhere with ITALIANO_HOME=/some/folder make up"
LOOK_SECONDS = 0.2


class Home:
    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self.logs = self.folder / "logs"
        self.postgres = self.folder / "postgres"
        self.temporal_database = self.folder / "temporal.db"
        self.psp_database = self.folder / "psp.db"
        self._lock = self.folder / "lock"

    @classmethod
    def from_environment(cls) -> "Home":
        return cls(Path(os.environ.get("ITALIANO_HOME") or DEFAULT))

    @property
    def is_in_use(self) -> bool:
        """Whether a stack runs on it now, however an earlier one ended."""
        if not self._lock.exists():
            return False
        with self._lock.open() as lock:
            return not _lock(lock.fileno())

    @contextlib.contextmanager
    def claimed(self) -> Iterator[None]:
        """For one stack at a time. The claim ends with the process, also when that is killed."""
        try:
            self.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            lock = self._lock.open("a+")
        except OSError as error:
            raise StackError(f"{self.folder} cannot be used: {error}; {ANOTHER_HOME}") from error
        with lock:
            if not _lock(lock.fileno()):
                lock.seek(0)
                raise StackError(
                    f"a stack runs on {self.folder} already, as PID {lock.read()}: "
                    f"see it with `make status`, or {ANOTHER_HOME}"
                )
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def set_old_logs_aside(self) -> None:
        """Keeps those of the last run, and no more."""
        for log in self.logs.glob("*.log"):
            log.replace(log.with_suffix(".log.previous"))

    def read(self, name: str) -> dict[str, Any]:
        """What was kept under this name; empty when nothing was."""
        try:
            kept: dict[str, Any] = json.loads((self.folder / name).read_text())
        except FileNotFoundError:
            return {}
        return kept

    def write(self, name: str, content: dict[str, Any]) -> None:
        """Whole or not at all, and for nobody else to read: secrets are among it."""
        unfinished = self.folder / f"{name}.unfinished"
        unfinished.touch(mode=0o600)
        unfinished.write_text(json.dumps(content, indent=2) + "\n")
        unfinished.replace(self.folder / name)

    def wipe(self) -> None:
        """Removes what a stack keeps here, and the folder when nothing else is in it."""
        for folder in (self.postgres, self.logs):
            shutil.rmtree(folder, ignore_errors=True)
        for pattern in ("*.json", "temporal.db*", "psp.db*", self._lock.name):
            for file in self.folder.glob(pattern):
                file.unlink()
        with contextlib.suppress(OSError):
            self.folder.rmdir()

    def forget(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)


def _lock(file: int) -> bool:
    """Tries for a moment, since `is_in_use` holds it as it looks."""
    give_up_at = time.monotonic() + LOOK_SECONDS
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > give_up_at:
                return False
            time.sleep(LOOK_SECONDS / 10)
        else:
            return True
