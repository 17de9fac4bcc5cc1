"""Numbered steps with their seconds, as they happen."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
from rich.console import Console


class Steps:
    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._number = 0

    @property
    def seconds(self) -> float:
        """Since this process was started, its own loading included."""
        return time.time() - psutil.Process().create_time()

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        self._number += 1
        started_at = time.monotonic()
        label = f"[{self._number}/{self._total}] {what:<34}"
        if self._console.is_terminal:
            self._console.print(label, end="\r", markup=False)
        outcome = "not done"
        try:
            yield
            outcome = f"{time.monotonic() - started_at:.1f} s"
        finally:
            self._console.print(f"{label}{outcome:>8}", markup=False)
