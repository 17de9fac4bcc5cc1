"""`python -m tests.chaos`: what `italiano chaos` runs."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from ops.logging import configure_logging
from tests.chaos.plant import Plant
from tests.chaos.report import show
from tests.chaos.run import Outcome, Run
from tests.interrupted import end_at_sigterm
from tests.warm_python import warm

HISTORY = "history.jsonl"


async def storm(folder: Path, seed: int, seconds: float) -> Outcome:
    end_at_sigterm()
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


if __name__ == "__main__":
    sys.exit(main())
