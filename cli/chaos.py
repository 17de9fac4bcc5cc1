"""`italiano chaos`: breaks a whole stack of its own for some minutes, then holds all against each other."""

import secrets
from pathlib import Path
from typing import NoReturn

from cli.from_checkout import run_from_checkout

SEEDS = 1_000_000


def run_chaos(*, seed: int | None, minutes: float, keep: Path | None) -> NoReturn:
    """Without a seed one is drawn, and told. Ends the process: with 1 when anything was violated."""
    chosen = secrets.randbelow(SEEDS) if seed is None else seed
    run_from_checkout("chaos", f"--seed={chosen}", f"--minutes={minutes}", keep=keep)
