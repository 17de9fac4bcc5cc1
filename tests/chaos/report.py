"""What a run has to tell, as tables."""

from collections import Counter

from rich.console import Console
from rich.table import Table

from tests.chaos.history import Outcome as OperationOutcome
from tests.chaos.run import Outcome

LONGEST_TOLD = 600
MOST_TOLD = 30


def show(outcome: Outcome, console: Console) -> None:
    for table in (_operations(outcome), _faults(outcome), _checks(outcome)):
        console.print(table)
    met = ", ".join(f"{count} × {what}" for what, count in outcome.history.met.most_common())
    console.print(f"Attempts that were repeated: {met or 'none'}", highlight=False)
    restarts = ", ".join(f"{name} {count}" for name, count in outcome.restarts.items())
    console.print(f"Starts after the first: {restarts}", highlight=False)
    console.print(
        f"At rest after {outcome.settled_in:.1f} s; the last: {outcome.settled_last}", highlight=False
    )
    for violation in outcome.violations[:MOST_TOLD]:
        console.print(f"VIOLATION {violation[:LONGEST_TOLD]}", markup=False, highlight=False, soft_wrap=True)
    struck, met_count = outcome.nemesis.struck.total(), outcome.nemesis.met.total()
    console.print(
        f"seed {outcome.seed}: {struck} faults in {outcome.seconds:.0f} s, {met_count} of them met,"
        f" {len(outcome.history.operations)} operations, {len(outcome.violations)} violations",
        highlight=False,
    )


def _operations(outcome: Outcome) -> Table:
    table = Table("operation", *OperationOutcome, "refused with", box=None, title="What was asked")
    for kind, counted in sorted(outcome.history.by_kind().items()):
        codes = Counter(one.code for one in outcome.history.of(kind) if one.code).most_common()
        told = ", ".join(f"{count} {code}" for code, count in codes)
        table.add_row(kind, *(str(counted[each]) for each in OperationOutcome), told)
    return table


def _faults(outcome: Outcome) -> Table:
    table = Table("fault", "struck", "met", box=None, title="What was broken")
    for kind, count in sorted(outcome.nemesis.struck.items()):
        table.add_row(kind, str(count), str(outcome.nemesis.met[kind]))
    return table


def _checks(outcome: Outcome) -> Table:
    table = Table("what holds", "of", "broken", box=None, title="What was checked")
    for checked in outcome.checked:
        table.add_row(checked.what, str(checked.of), str(len(checked.broken)))
    return table
