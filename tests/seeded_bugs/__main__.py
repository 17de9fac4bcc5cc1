"""`python -m tests.seeded_bugs [NAME ...]`: which of the bugs the suite catches, and by which test."""

import argparse
import sys

from rich.console import Console

from tests.seeded_bugs.bug import Bug
from tests.seeded_bugs.bugs import BUGS
from tests.seeded_bugs.hunt import Verdict, hunt


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="NAME", help="all of them, unless some are named")
    parser.add_argument("--near", action="store_true", help="asks only the tests nearest to each")
    asked = parser.parse_args()
    console, missed = Console(highlight=False, markup=False, soft_wrap=True), 0
    for bug in _named(asked.names):
        verdict = hunt(bug, is_near_enough=asked.near)
        missed += verdict.caught_by is None
        console.print(_told(verdict))
    return 1 if missed else 0


def _named(names: list[str]) -> list[Bug]:
    unknown = set(names) - {bug.name for bug in BUGS}
    if unknown:
        sys.exit(f"FAIL there is no bug {', '.join(sorted(unknown))}")
    return [bug for bug in BUGS if not names or bug.name in names]


def _told(verdict: Verdict) -> str:
    caught = verdict.caught_by
    lines = [f"{verdict.bug.name}: {f'caught by {caught.test}: {caught.why}' if caught else 'NOT CAUGHT'}"]
    lines += [f"  {flake.test} fails without it, too: {flake.why}" for flake in verdict.flakes]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
