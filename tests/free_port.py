"""Ports for what the tests start: each process of a run has a range of its own."""

import itertools
import os
import socket
from collections.abc import Iterator

FIRST = 20_000  # below what the system hands out by itself
A_PROCESS = 3_000

_process: int = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_range = range(FIRST + _process * A_PROCESS, FIRST + (_process + 1) * A_PROCESS)
_first = os.getpid() % A_PROCESS  # two runs at once begin at different places
_candidates: Iterator[int] = itertools.cycle([*_range[_first:], *_range[:_first]])


def free_port() -> int:
    """Never the same twice in a row, however soon it is taken."""
    return next(filter(_is_free, _candidates))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
