"""What is told of a subscription in each of its states."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.due import Step
from domain.explanation import Explanation, RulesUsed, explain
from domain.subscription import Status, SubscriptionState
from tests.domain.states import (
    ACTIVE,
    CANCELED,
    CANCELING,
    EXPIRED,
    IN_THE_PERIOD,
    INCOMPLETE,
    MONTHLY,
    OPEN_INVOICE,
    PERIOD,
)

SUPERSEDED = replace(EXPIRED, ended_at=INCOMPLETE.started_at + timedelta(hours=1))
ENDED = replace(CANCELED, canceled_at=None, ended_at=PERIOD.end)
ENDED_AS_ASKED = replace(ENDED, canceled_at=IN_THE_PERIOD)

NOTHING = "Nothing: it has ended."

TOLD: dict[str, tuple[SubscriptionState, str, str]] = {
    "incomplete": (
        INCOMPLETE,
        "Started on 2026-01-31 09:30 UTC; its first invoice is not paid yet.",
        "On 2026-02-01 08:30 UTC it is given up and its invoice voided, unless it is paid before.",
    ),
    "expired": (
        EXPIRED,
        "Given up on 2026-02-01 08:30 UTC: its first invoice had not been paid in time.",
        NOTHING,
    ),
    "superseded": (
        SUPERSEDED,
        "Given up on 2026-01-31 10:30 UTC, unpaid: a new start of the same user took its place.",
        NOTHING,
    ),
    "active": (
        ACTIVE,
        "Paid until 2026-02-28 09:30 UTC.",
        "On 2026-02-28 09:30 UTC the period ends, and the subscription with it.",
    ),
    "canceling": (
        CANCELING,
        "Paid until 2026-02-28 09:30 UTC; canceled on 2026-02-10 12:00 UTC, for the period's end.",
        "On 2026-02-28 09:30 UTC the period ends, and the subscription with it.",
    ),
    "canceled now": (
        CANCELED,
        "Canceled on 2026-02-10 12:00 UTC, before its period was over.",
        NOTHING,
    ),
    "ended with its period": (
        ENDED,
        "Ended with the period that was paid for, on 2026-02-28 09:30 UTC.",
        NOTHING,
    ),
    "ended as asked for": (
        ENDED_AS_ASKED,
        "Ended with its period on 2026-02-28 09:30 UTC, as was asked for on 2026-02-10 12:00 UTC.",
        NOTHING,
    ),
}


@pytest.mark.parametrize("name", TOLD)
def test_why_and_what_next(name: str) -> None:
    state, why, what_next = TOLD[name]
    told = explain(state)

    assert (told.status, told.why, told.what_next) == (state.status, why, what_next)


def test_every_status_is_told() -> None:
    assert {state.status for state, _, _ in TOLD.values()} == set(Status)


def test_all_that_is_told() -> None:
    assert explain(INCOMPLETE.remembering("a").remembering("b")) == Explanation(
        status=Status.INCOMPLETE,
        why=TOLD["incomplete"][1],
        next_action=Step.EXPIRE,
        next_action_at=INCOMPLETE.expires_at,
        what_next=TOLD["incomplete"][2],
        version=1,
        open_invoice_id=OPEN_INVOICE,
        recent_commands=("a", "b"),
        plan=MONTHLY,
        rules=RulesUsed(unpaid_start_hours=23),
    )


def test_after_the_end_no_step_is_named() -> None:
    told = explain(CANCELED)
    assert (told.next_action, told.next_action_at) == (None, None)


def test_an_end_without_a_date_is_a_fault() -> None:
    with pytest.raises(ValueError, match="subscription 7 is canceled without an end"):
        explain(replace(CANCELED, ended_at=None))
