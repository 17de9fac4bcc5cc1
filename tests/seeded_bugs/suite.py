"""The suite, as it is run in a tree: until the first test that fails."""

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.seeded_bugs.tree import INSTALLED

WHOLE = "tests"
ALWAYS = ("-x", "-q", "--no-header", "--ignore=tests/seeded_bugs", "--ignore=tests/architecture")
"""A bug is not caught by the test that looks for it, nor by what only looks at imports."""

IN_PARALLEL = ("--numprocesses=3", "--dist=loadfile", "--no-loadscope-reorder")
ONE_AFTER_THE_OTHER = ("--numprocesses=0",)

PASSED, FAILED, NOTHING_THERE = 0, (1, 2), 5
"""Exit codes of pytest. 2 is also said of a run that `-x` has ended."""

_TOLD = re.compile(r"^(?:FAILED|ERROR) (.+?\.py.*?)(?: - (.*))?$", re.MULTILINE)


class SuiteNotRunError(Exception):
    """Pytest has found nothing to run, or could not be started."""


@dataclass(frozen=True)
class Failure:
    """The first test that failed, as pytest names it, and the first line of why."""

    test: str
    why: str


def run(tree: Path, tests: Sequence[str], *options: str) -> Failure | None:
    """`None` when all of them pass. Raises `SuiteNotRunError`."""
    how = ONE_AFTER_THE_OTHER if WHOLE not in tests else IN_PARALLEL
    command = [str(tree / INSTALLED / "bin/python"), "-m", "pytest", *tests, *ALWAYS, *how, *options]
    done = subprocess.run(
        command,
        cwd=tree,
        env=os.environ
        | {
            "PYTHONPATH": str(tree),  # before the place that is installed
            "COLUMNS": "300",  # or why it failed would be cut off
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode == PASSED:
        return None
    told = _TOLD.search(done.stdout)
    if done.returncode not in FAILED or told is None:
        raise SuiteNotRunError(done.stdout[-2_000:])
    return Failure(told[1], told[2] or "")
