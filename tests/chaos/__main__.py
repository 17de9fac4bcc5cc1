"""`python -m tests.chaos`: what `italiano chaos` runs."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from cli.dev.child_process import ChildProcess
from ops.logging import configure_logging
from tests.chaos.plant import Plant
from tests.chaos.report import show
from tests.chaos.run import Outcome, Run
from tests.warm_python import WarmPython, fork_what_is_ours


async def storm(folder: Path, seed: int, seconds: float) -> Outcome:
    plant = Plant(folder)
    try:
        await plant.start()
        return await Run(plant, seed, seconds).happen()
    finally:
        await plant.stop()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    configure_logging("chaos", "error")
    python = WarmPython()
    if sys.platform == "linux":
        setattr(ChildProcess, "_spawn", fork_what_is_ours(python))  # noqa: B010 - a method, for mypy
    with tempfile.TemporaryDirectory(prefix="italiano-chaos-") as temporary:
        outcome = asyncio.run(storm(asked.keep or Path(temporary), asked.seed, asked.minutes * 60))
    python.close()
    show(outcome, Console())
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main())
