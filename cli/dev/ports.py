"""The ports of a local stack: each can be moved, and one that is taken is named with who has it."""

import os
import socket
from dataclasses import dataclass, fields

import psutil

from cli.dev.stack_error import StackError

DEFAULTS = {
    "API_PORT": 8000,
    "TEMPORAL_PORT": 7233,
    "TEMPORAL_UI_PORT": 8233,
    "WORKER_METRICS_PORT": 9091,
    "PSP_PORT": 8088,
}
HIGHEST_PORT = 65_535


@dataclass(frozen=True)
class Ports:
    api: int
    temporal: int
    temporal_ui: int
    worker_metrics: int
    psp: int

    @classmethod
    def from_environment(cls) -> "Ports":
        """Raises `StackError` when one is no port number, or two are the same."""
        ports = cls(*(_number(f"{field.name.upper()}_PORT") for field in fields(cls)))
        taken: dict[int, str] = {}
        for variable, port in ports.by_variable().items():
            if port in taken:
                raise StackError(f"{taken[port]} and {variable} are both {port}")
            taken[port] = variable
        return ports

    def by_variable(self) -> dict[str, int]:
        return {f"{field.name.upper()}_PORT": getattr(self, field.name) for field in fields(self)}

    def check_free(self) -> None:
        """Raises `StackError` with a line for each one that is taken."""
        taken = [_how_to_mend(name, port) for name, port in self.by_variable().items() if not _is_free(port)]
        if taken:
            raise StackError("\nFAIL ".join(taken))


def _number(variable: str) -> int:
    value = os.environ.get(variable) or str(DEFAULTS[variable])
    if not (value.isascii() and value.isdecimal()) or not 0 < int(value) <= HIGHEST_PORT:
        raise StackError(
            f"{variable} is {value!r}, which is no port number: give one from 1 to {HIGHEST_PORT}"
        )
    return int(value)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do: closing is not taken
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError as error:
            raise StackError(f"port {port} may be opened by root only; choose one above 1023") from error
        except OSError:
            return False
    return True


def _how_to_mend(variable: str, port: int) -> str:
    free = next(other for other in range(port + 10, HIGHEST_PORT, 10) if _is_free(other))
    return f"port {port} is taken by {_owner(port)}; try {variable}={free} make up"


def _owner(port: int) -> str:
    try:
        for connection in psutil.net_connections(kind="tcp"):
            listens_here = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if listens_here and connection.pid:
                return f"PID {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        pass
    return "a process of another user"
