"""Mutation testing of `workflows/`: a mutant is a changed file, which the sandbox loads as it loads the code.

mutmut switches inside of each function, by the environment, which the sandbox lets nobody read.
"""

import argparse
import importlib
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.mutation.mutants import Mutant, mutants
from tests.replay.recorded_histories import recorded

ROOT = Path(__file__).parents[2]
PARTS = (
    "step_lag",
    "bookkeeping",
    "commands",
    "refund_steps",
    "routine_steps",
    "details",
    "loop",
    "turns",
    "named",
)
TESTS = (
    *(f"tests/workflows/test_{part}.py" for part in PARTS),
    "tests/replay/test_orders.py",
)
"""Without engines: a mutant takes seconds."""
CALM = [
    *("-x", "-q", "--noconftest", "--timeout=0"),  # that alarm would put ours off
    *(f"-pno:{plugin}" for plugin in ("randomly", "xdist", "cacheprovider")),
]
ANEW = ("workflows", "worker", "tests.replay.orders")
"""What is imported for each mutant, since it has workflows in it."""
SECONDS = 60
EVERY_SO_MANY = 25


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seed", type=int, default=6)
    options.add_argument("--sample", type=int, help="how many of the mutants; all by default")
    options.add_argument("--only", default="", help="those whose description has this in it")
    asked = options.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".*", "__pycache__", "mutants"))
        os.chdir(tree)
        sys.path.insert(0, str(tree))
        sys.dont_write_bytecode = True
        every = [mutant for file in sorted(Path("workflows").glob("*.py")) for mutant in mutants(file)]
        chosen = [mutant for mutant in every if asked.only in str(mutant)]
        if asked.sample:
            chosen = random.Random(asked.seed).sample(chosen, asked.sample)  # noqa: S311 - no secret
        print(f"{len(every)} mutants, {len(chosen)} to try", flush=True)
        _warm_up()
        began = time.monotonic()
        outcomes: Counter[str] = Counter()
        for number, mutant in enumerate(chosen, start=1):
            outcomes[_try(mutant)] += 1
            if number % EVERY_SO_MANY == 0:
                print(f"{number} of {len(chosen)}: {dict(outcomes)}", flush=True)
    print(f"{len(every)} mutants, {len(chosen)} tried, {dict(outcomes)} in {time.monotonic() - began:.0f} s")


def _warm_up() -> None:
    """Imports once what no mutant changes; the tests have to pass as the code is."""
    if (outcome := _outcome()) != "survived":
        sys.exit(f"without a mutant: {outcome}")
    for needed in ("worker.registry", "tests.replay.orders", "tests.domain.states"):
        importlib.import_module(needed)
    recorded()
    for name in list(sys.modules):
        if name.startswith(ANEW):
            del sys.modules[name]


def _try(mutant: Mutant) -> str:
    original = mutant.file.read_text()
    mutant.file.write_text(mutant.code())
    try:
        outcome = _outcome()
    finally:
        mutant.file.write_text(original)
    if outcome != "killed":
        print(f"{outcome} {mutant}", flush=True)
    return outcome


def _outcome() -> str:
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        os._exit(1 if pytest.main([*CALM, *TESTS]) else 0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return "timeout" if os.WTERMSIG(status) == signal.SIGALRM else "crashed"
    return "killed" if os.waitstatus_to_exitcode(status) else "survived"


if __name__ == "__main__":
    main()
