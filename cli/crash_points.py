"""`italiano crash-points`: a process dies at each point of each path, and it has to end as ever."""

from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from cli.from_checkout import run_from_checkout


def run_crash_points(paths: Sequence[str], *, lanes: int, keep: Path | None) -> NoReturn:
    """All paths, unless some are named. Ends the process: with 1 when anything was violated."""
    run_from_checkout("crash_points", *(f"--path={path}" for path in paths), f"--lanes={lanes}", keep=keep)
