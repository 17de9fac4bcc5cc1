"""Puts one bug into a tree of its own, and asks the suite: the tests nearest to it first, then the others."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.seeded_bugs.bug import Bug
from tests.seeded_bugs.suite import WHOLE, Failure, SuiteNotRunError, run
from tests.seeded_bugs.tree import checked_out, undo

MOST_FLAKES = 5


@dataclass(frozen=True)
class Verdict:
    """`caught_by`: what failed with the bug and passes without it; `None` when nothing does.

    `flakes` failed without it, too, and were left out from then on.
    """

    bug: Bug
    caught_by: Failure | None
    flakes: tuple[Failure, ...]


def hunt(bug: Bug, *, is_near_enough: bool = False) -> Verdict:
    """Raises `BugDoesNotFitError` and `SuiteNotRunError`. `is_near_enough`: only the nearest are asked."""
    flakes: list[Failure] = []
    with checked_out() as tree:
        for step in _steps(bug, is_near_enough=is_near_enough):
            failure = _first_of(tree, bug, step, flakes)
            if failure is not None:
                return Verdict(bug, failure, tuple(flakes))
    return Verdict(bug, None, tuple(flakes))


def _steps(bug: Bug, *, is_near_enough: bool) -> Iterator[tuple[str, ...]]:
    yield bug.near
    if not is_near_enough:
        yield (WHOLE, *(f"--ignore={near}" for near in bug.near))


def _first_of(tree: Path, bug: Bug, step: tuple[str, ...], flakes: list[Failure]) -> Failure | None:
    while True:
        bug.put_into(tree)
        failure = run(tree, step, *(f"--deselect={flake.test}" for flake in flakes))
        undo(tree, bug.file)
        if failure is None or run(tree, (failure.test,)) is None:
            return failure
        flakes.append(failure)
        if len(flakes) > MOST_FLAKES:
            raise SuiteNotRunError(f"{failure.test} fails without the bug, too, as others did: {failure.why}")
