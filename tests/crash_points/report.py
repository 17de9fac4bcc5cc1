"""What a run has to tell: what was violated when it is found, and all paths as a table at the end."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Column, Table

from tests.crash_points.run import Death

LONGEST_TOLD = 600

KINDS = {
    "commits": (" commit in ", " write in "),
    "provider": (" of Sandbox ", " of ManualMock "),
    "receivers": (" event to its receiver ",),
    "answers": (" answer to ",),
}
"""By what is in their names; the others are calls of Temporal."""

TEMPORAL = "Temporal"
HEADINGS = ("path", "points", "commits", "provider", TEMPORAL, "receivers", "answers", "longest", "violated")


def kind_of(point: str) -> str:
    for kind, marks in KINDS.items():
        if any(mark in point for mark in marks):
            return kind
    return TEMPORAL


def tell(name: str, deaths: Sequence[Death], console: Console) -> None:
    """One path, when it is done."""
    violated = [death for death in deaths if death.wrong]
    console.print(
        f"{name}: {len(deaths)} deaths, {len(violated)} violations, {_longest(deaths):.1f} s at most"
    )
    for death in violated:
        for wrong in death.wrong:
            told = f"VIOLATION {death.point}: {wrong}"
            console.print(told[:LONGEST_TOLD], markup=False, soft_wrap=True)


def show(by_path: dict[str, Sequence[Death]], console: Console) -> None:
    path = Column("path", min_width=max(map(len, by_path)))
    table = Table(path, *HEADINGS[1:], box=None, title="Where a process died, once each")
    for name, deaths in by_path.items():
        table.add_row(name, *_numbers(deaths))
    table.add_row("all", *_numbers([death for deaths in by_path.values() for death in deaths]))
    console.print(table)


def _numbers(deaths: Sequence[Death]) -> list[str]:
    kinds = Counter(kind_of(death.point) for death in deaths)
    violated = sum(bool(death.wrong) for death in deaths)
    counted = [kinds[heading] for heading in HEADINGS[2:-2]]
    return [*map(str, [len(deaths), *counted]), f"{_longest(deaths):.1f} s", str(violated)]


def _longest(deaths: Sequence[Death]) -> float:
    """How long it took until all was at rest, from where the path began, in seconds."""
    return max((death.seconds for death in deaths if not death.wrong), default=0.0)
