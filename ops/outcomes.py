"""What came of an activity, noted where it is known and counted once the activity has returned.

So what was rolled back, or is tried again, is counted once. Labels are words of ours, never ids.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """One more in the counter of that name."""

    counter: str
    labels: Mapping[str, str]


_noted: ContextVar[list[Outcome] | None] = ContextVar("outcomes", default=None)


def note(counter: str, **labels: str) -> None:
    """Does nothing where nobody counts, as in a test of the activity alone."""
    outcomes = _noted.get()
    if outcomes is not None:
        outcomes.append(Outcome(counter, labels))


@contextmanager
def noting() -> Iterator[list[Outcome]]:
    """What is noted within the block, in its order."""
    outcomes: list[Outcome] = []
    token = _noted.set(outcomes)
    try:
        yield outcomes
    finally:
        _noted.reset(token)
