"""`italiano chaos`: breaks a whole stack of its own for some minutes, then holds all against each other.

It is among the tests, as what it breaks and checks is: here it is only found.
"""

import os
import secrets
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[1]
STORM = ROOT / "tests" / "chaos"
SEEDS = 1_000_000
PORTS_OF_NO_TEST = "gw3"
"""Tests run in three processes: the range of a fourth is free (tests/free_port.py)."""


def run_chaos(*, seed: int | None, minutes: float, keep: Path | None) -> NoReturn:
    """Without a seed one is drawn, and told. Ends the process: with 1 when anything was violated."""
    if not STORM.exists():
        sys.exit("FAIL chaos runs from a source checkout: it is not part of the product")
    chosen = secrets.randbelow(SEEDS) if seed is None else seed
    command = [sys.executable, "-m", "tests.chaos", f"--seed={chosen}", f"--minutes={minutes}"]
    if keep is not None:
        command.append(f"--keep={keep.absolute()}")
    variables = {"PYTHONPATH": str(ROOT), "PYTEST_XDIST_WORKER": PORTS_OF_NO_TEST}
    os.execve(sys.executable, command, os.environ | variables)  # noqa: S606 - ourselves
