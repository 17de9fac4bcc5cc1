"""Crash points by their names, which a run and the processes under test share in a folder.

A name is the process, the side of the seam and the seam, and the function of the product that came there with
how many lines into it: `api after commit in api/receive_report.py:receive+12`. It is the same in each run.
"""

import os
import re
import signal
from pathlib import Path

SEAMED = Path(__file__).parent / "seamed"
ROOT = Path(__file__).parents[2]


_LINE = re.compile(r"\+\d+")


def without_line(point: str) -> str:
    """What stays the same when the function is changed."""
    return _LINE.sub("", point)


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

    @property
    def passed(self) -> list[str]:
        """Where somebody came so far, once each, in their order."""
        return list(dict.fromkeys(self._recorded.read_text().splitlines()))

    def end_record(self) -> list[str]:
        passed = self.passed
        self._recorded.unlink()
        return passed

    def arm(self, point: str) -> None:
        """With its line, or without: then it is the first of that function."""
        self._bitten.unlink(missing_ok=True)
        new = self._folder / "new"
        new.write_text(point)
        new.rename(self._armed)

    async def has_bitten(self) -> bool:
        return self._bitten.exists()

    def disarm(self) -> None:
        self._armed.unlink(missing_ok=True)

    @property
    def are_watched(self) -> bool:
        return self._recorded.exists() or self._armed.exists()

    def pass_by(self, point: str) -> None:
        """By a process under test."""
        if self._recorded.exists():
            with self._recorded.open("a") as recorded:
                recorded.write(f"{point}\n")
        try:
            if self._armed.read_text() not in {point, without_line(point)}:
                return
            self._armed.rename(self._bitten)  # by one of them, if two come at once
        except FileNotFoundError:
            return
        os.kill(os.getpid(), signal.SIGKILL)
