"""`python -m tests.chaos`: what `italiano chaos` runs."""

import argparse
import asyncio
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from cli.dev.child_process import ChildProcess
from ops.logging import configure_logging
from tests.chaos.plant import Plant
from tests.chaos.report import show
from tests.chaos.run import Outcome, Run
from tests.warm_python import WarmPython, fork_what_is_ours

HISTORY = "history.jsonl"


async def storm(folder: Path, seed: int, seconds: float) -> Outcome:
    """Whoever ends it is answered as by Ctrl-C: nothing is left running."""
    running = asyncio.current_task()
    assert running is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
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
    console = Console(highlight=False)
    console.print(f"seed {asked.seed}: faults for {asked.minutes:g} minutes")
    configure_logging("chaos", "error")
    with warm(), tempfile.TemporaryDirectory(prefix="italiano-chaos-") as temporary:
        folder = asked.keep or Path(temporary)
        outcome = asyncio.run(storm(folder, asked.seed, asked.minutes * 60))
        lines = [operation.as_line() for operation in outcome.history.operations]
        (folder / HISTORY).write_text("\n".join(lines) + "\n")
    show(outcome, console)
    return 1 if outcome.violations else 0


@contextmanager
def warm() -> Iterator[None]:
    """Processes of the product are forked, as in tests: to start them would be most of the work otherwise."""
    python = WarmPython()
    if sys.platform == "linux":
        setattr(ChildProcess, "_spawn", fork_what_is_ours(python))  # noqa: B010 - a method, for mypy
    yield
    python.close()


if __name__ == "__main__":
    sys.exit(main())
