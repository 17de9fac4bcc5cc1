"""Writes docs/lifecycle.md from the rules in domain/: `python -m tests.docs.lifecycle_page`."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path

from domain import renewing
from domain.collecting import AttemptStage
from domain.due import Step, next_step
from domain.dunning import FinalAction
from domain.explanation import WORDS
from domain.lifecycle import REFUSALS, TRANSITIONS, Action
from domain.subscription import Status, SubscriptionState
from tests.docs.lifecycle_words import (
    ACCESS,
    AFTER_DUNNING,
    AFTER_OUTCOMES,
    BEGINNING,
    COMES_FROM,
    COMMANDS,
    DUNNING,
    FREEZE,
    LOOK_UPS,
    MEANS,
    OUTCOMES,
    PLAN_CHANGE,
    REFUSED_WHEN,
    REMINDERS,
    STEPS_INTRODUCTION,
    WHEN,
)
from tests.domain.states import ACTIVE, CARD, PAST_DUE, PAST_DUE_BY_HAND, PERIOD, attempt
from tests.domain.waits import WAITS_FOR

PAGE = Path(__file__).parents[2] / "docs" / "lifecycle.md"
INTERVALS = {"P30D": "30 days", "P1M": "a month", "P6M": "six months", "P1Y": "a year"}

OF_PAYMENTS = {Step.COLLECT, Step.LOOK_UP_PAYMENT, Step.WITHDRAW_PAYMENT}

Row = tuple[str, ...]


def page() -> str:
    return "\n".join(
        [
            BEGINNING,
            "## Statuses\n",
            *_table(("status", "what it means", "access", "what time alone brings"), _statuses()),
            "\n## Actions\n",
            *_table(("action", "where it comes from"), ((f"`{a}`", COMES_FROM[a]) for a in Action)),
            "\n## Every status and action\n",
            OUTCOMES,
            *_table(("action", *(f"`{status}`" for status in Status)), _outcomes()),
            "",
            AFTER_OUTCOMES,
            "## Refusals\n",
            *_table(("code", "when"), ((f"`{code}`", when) for code, when in REFUSED_WHEN.items())),
            "\n## Steps and their dates\n",
            STEPS_INTRODUCTION,
            *_table(("step", "what happens", "when"), ((f"`{s}`", WORDS[s], WHEN[s]) for s in Step)),
            "\n## Renewal and dunning\n",
            DUNNING,
            *_table(("day", "with a payment method", "without one, or declined for good"), _dunning_days()),
            "",
            AFTER_DUNNING,
            "## Reminders\n",
            REMINDERS,
            *_table(("interval", "days before"), _reminders()),
            "\n## Look-ups\n",
            LOOK_UPS,
            *_table(("a payment that", "is asked for after"), _look_ups()),
            "\n## Freeze\n",
            FREEZE,
            "## Plan change\n",
            PLAN_CHANGE,
            "## As a picture\n",
            *_diagram(),
            "",
        ]
    )


def _table(head: Row, rows: Iterable[Row]) -> Iterator[str]:
    for row in (head, ("---",) * len(head), *rows):
        yield f"| {' | '.join(row)} |"


def _statuses() -> Iterator[Row]:
    for status in Status:
        yield f"`{status}`", MEANS[status], ACCESS[status], _brought_by_time(status)


def _brought_by_time(status: Status) -> str:
    """Without what follows from a payment that is under way, which is the same in every status."""
    waiting = {step for state, step, _ in WAITS_FOR.values() if state.status is status}
    brought = [f"`{step}`" for step in Step if step in waiting - OF_PAYMENTS]
    return ", ".join(brought) or "nothing"


def _outcomes() -> Iterator[Row]:
    for action in Action:
        yield f"`{action}`", *(_outcome(status, action) for status in Status)


def _outcome(status: Status, action: Action) -> str:
    after = TRANSITIONS.get((status, action))
    if after is not None:
        return f"`{after}`"
    return f"**{REFUSALS[action]}**" if action in COMMANDS else "–"


def _dunning_days() -> Iterator[Row]:
    charged, reminded = _lived(PAST_DUE), _lived(PAST_DUE_BY_HAND)
    yield "0", "`past_due`: the charge was declined", "`past_due`: nobody has paid"
    for day in sorted(charged.keys() | reminded.keys()):
        yield str(day), " → ".join(charged[day]), " → ".join(reminded[day])


def _lived(state: SubscriptionState) -> dict[int, list[str]]:
    """The steps of each day, when every charge is declined and nobody pays."""
    final = " or ".join(f"`{action}`" for action in FinalAction)
    days: dict[int, list[str]] = {}
    while (upcoming := next_step(state)) is not None:
        steps = days.setdefault((upcoming.at - PERIOD.end).days, [])
        if upcoming.step not in {Step.RETRY_PAYMENT, Step.REMIND_UNPAID}:
            steps.append(f"the final action: {final}")
            break
        steps.append(WORDS[upcoming.step])
        state = replace(state, dunning=state.dunning_case.retried(upcoming.at))
    return days


def _reminders() -> Iterator[Row]:
    for iso, words in INTERVALS.items():
        state = replace(ACTIVE, plan=replace(ACTIVE.plan, period_iso=iso))
        yield words, str((state.paid_until - renewing.reminder_at(state)).days)


def _look_ups() -> Iterator[Row]:
    for words, stage in (
        ("got no answer", AttemptStage.UNKNOWN),
        ("waits for its payer to confirm it", AttemptStage.PENDING),
    ):
        yield words, ", ".join(_spelled(late) for late in _asked_after(stage))


def _asked_after(stage: AttemptStage) -> Iterator[timedelta]:
    under_way = attempt(stage, CARD, since=PERIOD.end)
    while (at := under_way.look_up_at) is not None:
        yield at - PERIOD.end
        if under_way.is_at_last_look_up:
            return
        under_way = under_way.looked_up


def _spelled(late: timedelta) -> str:
    if late < timedelta(minutes=1):
        return f"{late.seconds} s"
    hours, minutes = divmod(late // timedelta(minutes=1), 60)
    return " ".join(
        part for part in (f"{hours} h" if hours else "", f"{minutes} min" if minutes else "") if part
    )


def _diagram() -> Iterator[str]:
    """Without the actions that keep the status."""
    yield from ("```mermaid", "stateDiagram-v2")
    yield from (f"    [*] --> {status}: start" for status in (Status.INCOMPLETE, Status.TRIALING))
    for before, after in product(Status, Status):
        actions = [
            action for (status, action), then in TRANSITIONS.items() if (status, then) == (before, after)
        ]
        if actions and before is not after:
            yield f"    {before} --> {after}: {', '.join(actions)}"
    yield from (f"    {status} --> [*]" for status in (Status.INCOMPLETE_EXPIRED, Status.CANCELED))
    yield "```"


if __name__ == "__main__":
    PAGE.write_text(page())
