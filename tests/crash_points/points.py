"""Crash points by their names, which a run and the processes under test share in a folder.

A name is the process, the seam and its side, and the function of the product that came there, such as
`worker before commit in activities/billing.py:Billing.renew (renew_subscription)`. It is the same in each run.
"""

import os
import signal
from pathlib import Path

SEAMED = Path(__file__).parent / "seamed"
ROOT = Path(__file__).parents[2]


class Points:
    """Either they are recorded, or one of them is armed: whoever comes there first dies, as by `kill -9`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._recorded = folder / "recorded"
        self._armed = folder / "armed"
        self._bitten = folder / "bitten"

    @property
    def environment(self) -> dict[str, str]:
        """For a process that is to have them."""
        return {
            "CRASH_POINTS": str(self._folder),
            "PYTHONPATH": os.pathsep.join([str(SEAMED), str(ROOT)]),
        }

    def record(self) -> None:
        self._recorded.touch()

    def end_record(self) -> list[str]:
        """Where somebody came, once each, in their order."""
        names = self._recorded.read_text().splitlines()
        self._recorded.unlink()
        return list(dict.fromkeys(names))

    def arm(self, point: str) -> None:
        self._bitten.unlink(missing_ok=True)
        new = self._folder / "new"
        new.write_text(point)
        new.rename(self._armed)

    async def has_bitten(self) -> bool:
        return self._bitten.exists()

    def disarm(self) -> None:
        self._armed.unlink(missing_ok=True)

    def pass_by(self, point: str) -> None:
        """By a process under test."""
        if self._recorded.exists():
            with self._recorded.open("a") as recorded:
                recorded.write(f"{point}\n")
        try:
            if self._armed.read_text() != point:
                return
            self._armed.rename(self._bitten)  # by one of them, if two come at once
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)
