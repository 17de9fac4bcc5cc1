"""What runs by the clock, not for one subscription: each is a Temporal schedule, which the worker keeps."""

from dataclasses import dataclass
from datetime import timedelta

from workflows.options import BILLING_QUEUE, UPKEEP_QUEUE


@dataclass(frozen=True)
class Routine:
    """A workflow, by its name, that takes nothing and is started `every` so often, never twice at once.

    `name` is the id of the schedule, `queue` where its workflow tasks wait. What the last run did not
    finish, the next one does.
    """

    name: str
    workflow: str
    queue: str
    every: timedelta
    summary: str


ROUTINES: tuple[Routine, ...] = (
    Routine(
        "deliver-inbox",
        "DeliverInbox",
        BILLING_QUEUE,
        timedelta(seconds=30),
        "delivers the payment reports that are due",
    ),
    Routine(
        "find-lost-workflows",
        "FindLostWorkflows",
        UPKEEP_QUEUE,
        timedelta(seconds=30),
        "what was ended by hand",
    ),
    Routine(
        "reconcile", "Reconcile", UPKEEP_QUEUE, timedelta(hours=1), "books, workflows and providers agree"
    ),
)

RETIRED: tuple[str, ...] = ()
"""Names of routines of earlier releases. They are named until no worker of those runs any more: a worker that
deleted what it does not know would delete what the next release has just begun.
"""
