"""Commands that run from a source checkout alone: they are among the tests, as what they break and check is.

Here they are only found.
"""

import os
import sys
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).parents[1]
PORTS_OF_NO_TEST = "gw3"
"""Tests run in three processes: the range of a fourth is free (tests/free_port.py)."""


def run_from_checkout(name: str, *options: str, keep: Path | None) -> NoReturn:
    """Becomes `python -m tests.name`. `keep`: a folder for its logs and files, wherever it runs."""
    if not (ROOT / "tests" / name).exists():
        title = name.replace("_", "-")
        sys.exit(f"FAIL {title} runs from a source checkout: it is not part of the product")
    kept = [] if keep is None else [f"--keep={keep.absolute()}"]
    command = [sys.executable, "-m", f"tests.{name}", *options, *kept]
    variables = {"PYTHONPATH": str(ROOT), "PYTEST_XDIST_WORKER": PORTS_OF_NO_TEST}
    os.execve(sys.executable, command, os.environ | variables)  # noqa: S606 - ourselves
