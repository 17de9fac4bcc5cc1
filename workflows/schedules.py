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
    Routine(
        "deliver-inbox", "DeliverInbox", timedelta(seconds=30), "delivers the payment reports that are due"
    ),
    Routine("find-lost-workflows", "FindLostWorkflows", timedelta(seconds=30), "what was ended by hand"),
    Routine("reconcile", "Reconcile", timedelta(hours=1), "books, workflows and providers agree"),
)

RETIRED: tuple[str, ...] = ()
"""Names of routines of earlier releases. They are named until no worker of those runs any more: a worker that
deleted what it does not know would delete what the next release has just begun.
"""
