"""Writes docs/lifecycle.md from the tables in domain/lifecycle.py: `python -m tests.docs.lifecycle_page`."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from pathlib import Path

from domain.due import next_step
from domain.lifecycle import REFUSALS, TRANSITIONS, Action
from domain.subscription import UNPAID_START_LIVES, Status
from tests.domain.states import ACTIVE, CANCELED, EXPIRED, INCOMPLETE

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"

STATE_OF = {state.status: state for state in (INCOMPLETE, EXPIRED, ACTIVE, CANCELED)}
MEANS = {
    Status.INCOMPLETE: "started, its first invoice not paid yet",
    Status.INCOMPLETE_EXPIRED: "given up unpaid, or superseded by a newer start",
    Status.ACTIVE: "paid until the end of its period, canceled for then or not",
    Status.CANCELED: "ended: at once, or with its period",
}
COMES_FROM = {
    Action.ACTIVATE: "the provider reports that the first invoice is paid",
    Action.EXPIRE: (
        f"time: {UNPAID_START_LIVES // timedelta(hours=1)} hours after the start; or a new start of the user"
    ),
    Action.CANCEL_AT_PERIOD_END: "the user: `POST /subscriptions/{id}/cancel`",
    Action.CANCEL_NOW: 'the user: the same with `{"at_period_end": false}`',
    Action.UNCANCEL: "the user: `POST /subscriptions/{id}/uncancel`",
    Action.END_PERIOD: "time: the end of the period",
}
BEGINNING = """\
# The life of a subscription

Generated from the tables in [domain/lifecycle.py](../domain/lifecycle.py). A test fails when it is stale:
after a change there, run `.venv/bin/python -m tests.docs.lifecycle_page`.
"""
NOTES = """\
`uncancel` is refused with `not_canceling` also while `active`, when no cancellation is scheduled. `cancel` of
what is canceled already changes nothing and is answered like the first. A report of a payment after the end
changes no status: the money is kept for the customer, and the timeline says `late_payment_received`.
"""


def page() -> str:
    return "\n".join(
        [
            BEGINNING,
            "## Statuses\n",
            *_table(("status", "what it means", "what time alone brings"), _statuses()),
            "\n## Actions\n",
            *_table(("action", "where it comes from"), ((f"`{a}`", COMES_FROM[a]) for a in Action)),
            "\n## Every status and action\n",
            "The status after the action, or **the code** that it is refused with.\n",
            *_table(("action", *(f"`{status}`" for status in Status)), _outcomes()),
            "",
            NOTES,
            "## As a picture\n",
            *_diagram(),
            "",
        ]
    )


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    for row in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(row)} |"


def _statuses() -> Iterator[tuple[str, ...]]:
    for status in Status:
        yield f"`{status}`", MEANS[status], _brought_by_time(status)


def _brought_by_time(status: Status) -> str:
    upcoming = next_step(STATE_OF[status])
    return f"`{upcoming.step}`" if upcoming else "nothing"


def _outcomes() -> Iterator[tuple[str, ...]]:
    for action in Action:
        yield f"`{action}`", *(_outcome(status, action) for status in Status)


def _outcome(status: Status, action: Action) -> str:
    after = TRANSITIONS.get((status, action))
    return f"**{REFUSALS[action]}**" if after is None else f"`{after}`"


def _diagram() -> Iterator[str]:
    yield from ("```mermaid", "stateDiagram-v2", f"    [*] --> {Status.INCOMPLETE}: start")
    for before, after in product(Status, Status):
        actions = [
            action for (status, action), then in TRANSITIONS.items() if (status, then) == (before, after)
        ]
        if actions:
            yield f"    {before} --> {after}: {', '.join(actions)}"
    for status in Status:
        if next_step(STATE_OF[status]) is None:
            yield f"    {status} --> [*]"
    yield "```"


if __name__ == "__main__":
    PAGE.write_text(page())
