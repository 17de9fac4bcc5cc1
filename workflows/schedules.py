"""What runs by the clock, not for one subscription: each is a Temporal schedule, which the worker keeps."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Routine:
    """A workflow, by its name, that takes nothing and is started `every` so often, never twice at once.

    `name` is the id of the schedule. What the last run did not finish, the next one does.
    """

    name: str
    workflow: str
    every: timedelta
    summary: str


ROUTINES: tuple[Routine, ...] = (
    Routine("reconcile", "Reconcile", timedelta(hours=1), "books, workflows and providers agree"),
    Routine("find-lost-workflows", "FindLostWorkflows", timedelta(seconds=30), "what was ended by hand"),
)
