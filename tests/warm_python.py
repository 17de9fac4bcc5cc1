"""A Python that has imported the product, and forks itself into each process of it that a test starts.

To import it anew takes most of the time that a process needs to start, and tests start more than a hundred.
What is forked has the command line, environment, session and log of a process that was started the usual way.
"""

import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn

from cli.dev.child_process import ChildProcess

CAN_FORK = sys.platform == "linux"
"""Where a process that has imported the SDK of Temporal is known to fork well."""

GLANCE_SECONDS = 0.01
LONGEST_COMMAND_SECONDS = 180.0
LONGEST_ORDER = 256 * 1024
WARM = ("cli.main", "cli.serve", "cli.serve_sandbox_psp", "worker.main")
PRODUCT = [sys.executable, "-m", "cli.main"]


class WarmPython:
    """Started when it is first needed; ends with the process that uses it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: socket.socket | None = None
        self._server: subprocess.Popen[bytes] | None = None

    def fork(self, command: Sequence[str], environment: Mapping[str, str], out: int, err: int) -> int:
        """Returns the id of the new process, which writes to these two files."""
        answer = self._ask({"command": command, "environment": dict(environment)}, [out, err])
        return int(answer)

    def ended(self, pid: int) -> int | None:
        """The exit code, negative when a signal ended it; None while it runs."""
        answer = self._ask({"ended": pid})
        return None if answer is None else int(answer)

    def close(self) -> None:
        if self._line is not None and self._server is not None:
            self._line.close()
            self._server.wait()

    def _ask(self, order: Mapping[str, Any], files: Sequence[int] = ()) -> Any:
        with self._lock:
            if self._line is None:
                self._line, self._server = _start_server()
            socket.send_fds(self._line, [json.dumps(order).encode()], files)
            return json.loads(self._line.recv(LONGEST_ORDER))


class ForkedProcess:
    """As much of `subprocess.Popen` as is needed of it."""

    def __init__(self, python: WarmPython, pid: int) -> None:
        self.pid = pid
        self._python = python
        self._lock = threading.Lock()
        self._exit_code: int | None = None

    def poll(self) -> int | None:
        """How it ended is told once, whichever thread asks."""
        with self._lock:
            if self._exit_code is None:
                self._exit_code = self._python.ended(self.pid)
            return self._exit_code

    def wait(self, timeout: float | None = None) -> int:
        give_up_at = time.monotonic() + (float("inf") if timeout is None else timeout)
        while (code := self.poll()) is None:
            if time.monotonic() > give_up_at:
                raise subprocess.TimeoutExpired(PRODUCT, timeout or 0)
            time.sleep(GLANCE_SECONDS)
        return code

    def send_signal(self, sign: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sign)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


WARM_PYTHON = WarmPython()
"""The one of this run."""


def run_italiano(
    *arguments: str, environment: Mapping[str, str], seconds: float = LONGEST_COMMAND_SECONDS
) -> subprocess.CompletedProcess[str]:
    """A command as a process of its own, to its end. Raises `TimeoutExpired`, and leaves none behind."""
    command = [*PRODUCT, *arguments]
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        files = out.fileno(), err.fileno()
        process = (
            ForkedProcess(WARM_PYTHON, WARM_PYTHON.fork(command, environment, *files))
            if CAN_FORK
            else subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        )
        try:
            code = process.wait(seconds)
        finally:
            process.kill()
        told = [_whole(file) for file in (out, err)]
    return subprocess.CompletedProcess(command, code, *told)


def _whole(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def fork_what_is_ours(python: WarmPython) -> Any:
    """For `ChildProcess._spawn`: processes of the product are forked, others started as ever."""
    start = ChildProcess._spawn

    def spawn(process: ChildProcess, log: Any) -> Any:
        command = [str(part) for part in process._command]
        if command[: len(PRODUCT)] != PRODUCT:
            return start(process, log)
        environment = os.environ if process._environment is None else process._environment
        return ForkedProcess(python, python.fork(command, environment, log.fileno(), log.fileno()))

    return spawn


@contextmanager
def warm() -> Iterator[None]:
    """Processes of the product are forked, as in tests: to start them would be most of the work otherwise."""
    if CAN_FORK:
        setattr(ChildProcess, "_spawn", fork_what_is_ours(WARM_PYTHON))  # noqa: B010 - a method, for mypy
    try:
        yield
    finally:
        WARM_PYTHON.close()


def _start_server() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for side in (ours, theirs):
        side.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LONGEST_ORDER)
    with theirs:
        command = [sys.executable, "-m", "tests.warm_python", str(theirs.fileno())]
        return ours, subprocess.Popen(command, pass_fds=[theirs.fileno()])


def _serve(line: socket.socket) -> NoReturn:
    """Until nobody is there to order anything."""
    gc.disable()
    for module in WARM:
        importlib.import_module(module)
    gc.freeze()
    gc.enable()
    while True:
        order, files, *_ = socket.recv_fds(line, LONGEST_ORDER, 2)
        if not order:
            os._exit(0)
        line.send(json.dumps(_obey(json.loads(order), files)).encode())


def _obey(order: Mapping[str, Any], files: Sequence[int]) -> int | None:
    if "ended" in order:
        pid, status = os.waitpid(order["ended"], os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if pid else None
    pid = os.fork()
    if pid == 0:
        _become(order["command"], order["environment"], *files)
    for file in files:
        os.close(file)
    return pid


def _become(command: list[str], environment: Mapping[str, str], out: int, err: int) -> NoReturn:
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.closerange(3, max(out, err) + 64)
    os.environ.clear()
    os.environ.update(environment)
    sys.orig_argv, sys.argv = command, ["italiano", *command[len(PRODUCT) :]]
    for folder in environment.get("PYTHONPATH", "").split(os.pathsep):
        custom = Path(folder) / "sitecustomize.py"
        if folder and custom.exists():
            runpy.run_path(str(custom))
    from cli.main import main  # noqa: PLC0415 - imported already

    main()


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
