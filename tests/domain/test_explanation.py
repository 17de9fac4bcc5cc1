"""What is told of a subscription in each of its states."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.collecting import AttemptStage
from domain.due import Step
from domain.explanation import WORDS, Explanation, RulesUsed, explain
from domain.subscription import PaidAhead, Status, SubscriptionState
from tests.domain.states import (
    ACTIVE,
    AFTER_TRIAL,
    CANCELED,
    CANCELING,
    CARD,
    CASE,
    CHANGING,
    CHARGING,
    CONFIRMING,
    DAY,
    ENDED_WHILE_CHARGING,
    EXPIRED,
    FREEZE,
    FROZEN,
    IN_THE_PERIOD,
    INCOMPLETE,
    MONTHLY,
    OPEN_INVOICE,
    OPENED_AHEAD,
    PAID_AHEAD,
    PARKED,
    PAST_DUE,
    PAST_DUE_BY_HAND,
    PAYMENT,
    PERIOD,
    POLICY,
    RENEWING,
    SCHEDULED,
    STORED,
    TRIALING,
    UNKNOWN,
    UNPAID,
    YEARLY,
    attempt,
    trying,
)

SUPERSEDED = replace(EXPIRED, ended_at=INCOMPLETE.started_at + timedelta(hours=1))
ENDED = replace(CANCELED, canceled_at=None, ended_at=PERIOD.end)
ENDED_AS_ASKED = replace(ENDED, canceled_at=IN_THE_PERIOD)
AFTER_DUNNING = replace(CANCELED, canceled_at=None, ended_at=PERIOD.end + 21 * DAY)
CANCELED_IN_DUNNING = replace(AFTER_DUNNING, canceled_at=PERIOD.end + 3 * DAY, ended_at=PERIOD.end + 3 * DAY)
OPEN_ENDED = replace(FROZEN, freeze=replace(FREEZE, is_open_ended=True))
PRICE_MOVES = replace(SCHEDULED, scheduled_plan=replace(MONTHLY, price_version=2))
IN_RETRIES = replace(PAST_DUE, dunning=replace(CASE, retries_made=1))
FOR_GOOD = replace(PAST_DUE, dunning=replace(CASE, retries_made=2, waits_for_new_method=True))

OPENED_WHEN_REMINDED = (
    "On 2026-02-25 09:30 UTC the invoice of the next period is opened, for a person to pay before the period"
    " ends."
)
NOTHING = "Nothing: it has ended."

DEARER = replace(MONTHLY, price_version=2)
MOVED = "The next period has version 2 of its plan's price."
CHOSEN = "The next period is of P1Y, or of version 2 of P1M if that is taken back."
RENEWS = "On 2026-02-28 09:30 UTC the next period is billed, and the payment method charged."

TOLD: dict[str, tuple[SubscriptionState, str, str]] = {
    "at another price": (
        replace(STORED, moved_price=DEARER),
        f"Paid until 2026-02-28 09:30 UTC. {MOVED}",
        RENEWS,
    ),
    "another plan beside another price": (
        replace(STORED, scheduled_plan=YEARLY, moved_price=DEARER),
        f"Paid until 2026-02-28 09:30 UTC. {CHOSEN}",
        RENEWS,
    ),
    "incomplete": (
        INCOMPLETE,
        (
            "Started on 2026-01-31 09:30 UTC; its first invoice is not paid yet. Payment 77 waits for a"
            " person to pay it."
        ),
        "On 2026-02-01 08:30 UTC it is given up and its invoice voided, unless it is paid before.",
    ),
    "declined start": (
        trying(INCOMPLETE, None),
        (
            "Started on 2026-01-31 09:30 UTC; its first invoice is not paid yet. Invoice 42 waits for"
            " another payment: the last one failed."
        ),
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
    "trialing": (
        TRIALING,
        "On trial until 2026-02-14 09:30 UTC.",
        (
            "On 2026-02-11 09:30 UTC the invoice of the next period is opened, for a person to pay before"
            " the period ends."
        ),
    ),
    "trialing, paid ahead": (
        replace(TRIALING, paid_ahead=PaidAhead(0, AFTER_TRIAL)),
        "On trial until 2026-02-14 09:30 UTC; paid until 2026-03-14 09:30 UTC.",
        "On 2026-02-14 09:30 UTC the period that was paid ahead begins.",
    ),
    "active": (
        STORED,
        "Paid until 2026-02-28 09:30 UTC.",
        "On 2026-02-28 09:30 UTC the next period is billed, and the payment method charged.",
    ),
    "changing": (
        CHANGING,
        (
            "Paid until 2026-02-28 09:30 UTC. The change to P1M-FAMILY that was asked for on"
            " 2026-02-10 12:00 UTC waits for invoice 42 to be paid. Payment 77 waits for a person to pay it."
        ),
        "On 2026-02-11 11:00 UTC the change of plan is given up, unless it is paid before.",
    ),
    "downgrade chosen": (
        SCHEDULED,
        "Paid until 2026-02-28 09:30 UTC. The next period is of P1Y.",
        OPENED_WHEN_REMINDED,
    ),
    "price moves": (
        PRICE_MOVES,
        "Paid until 2026-02-28 09:30 UTC. The next period has version 2 of its plan's price.",
        OPENED_WHEN_REMINDED,
    ),
    "opened ahead": (
        OPENED_AHEAD,
        "Paid until 2026-02-28 09:30 UTC. Payment 77 waits for a person to pay it.",
        "On 2026-02-28 09:30 UTC it falls past due, unless its invoice is paid before.",
    ),
    "opened ahead, a card since": (
        replace(OPENED_AHEAD, payment_method_id=CARD),
        "Paid until 2026-02-28 09:30 UTC. Payment 77 waits for a person to pay it.",
        "On 2026-02-28 09:30 UTC the payment method is charged for the invoice that was opened ahead.",
    ),
    "paid ahead": (
        PAID_AHEAD,
        "Paid until 2026-03-31 09:30 UTC.",
        "On 2026-02-28 09:30 UTC the period that was paid ahead begins.",
    ),
    "renewing": (
        RENEWING,
        "Paid until 2026-02-28 09:30 UTC. Payment 77 is to be charged.",
        "On 2026-02-28 09:30 UTC the payment method is charged.",
    ),
    "charging": (
        CHARGING,
        "Paid until 2026-02-28 09:30 UTC. Payment 77 has been with its provider since 2026-02-28 09:30 UTC.",
        "On 2026-02-28 09:30 UTC the payment method is charged.",
    ),
    "unknown": (
        trying(UNKNOWN, attempt(AttemptStage.UNKNOWN, CARD, since=PERIOD.end, look_ups=3)),
        (
            "Paid until 2026-02-28 09:30 UTC. Payment 77 has had no answer since 2026-02-28 09:30 UTC;"
            " look-ups made: 3."
        ),
        "On 2026-02-28 09:34 UTC the provider is asked what became of the payment.",
    ),
    "to be confirmed": (
        CONFIRMING,
        (
            "Paid until 2026-02-28 09:30 UTC. Payment 77 has waited since 2026-02-28 09:30 UTC for the"
            " customer to confirm it."
        ),
        "On 2026-02-28 10:30 UTC the provider is asked what became of the payment.",
    ),
    "withdrawing": (
        replace(ACTIVE, withdrawing_payment_id=PAYMENT),
        (
            "Paid until 2026-02-28 09:30 UTC. Payment 77 is not needed any more; its provider is still to"
            " be told."
        ),
        "On 2026-01-31 09:30 UTC the provider is told that nobody waits for the payment any more.",
    ),
    "parked": (
        PARKED,
        (
            "Paid until 2026-02-28 09:30 UTC. Payment 77 has had no answer since 2026-02-28 09:30 UTC;"
            " look-ups made: 0. Parked (payment_unknown): an operator has to look."
        ),
        "Nothing until it is unparked.",
    ),
    "canceling": (
        CANCELING,
        "Paid until 2026-02-28 09:30 UTC; canceled on 2026-02-10 12:00 UTC, for the period's end.",
        "On 2026-02-28 09:30 UTC the period ends, and the subscription with it.",
    ),
    "canceling, since nobody knows when": (
        replace(CANCELING, canceled_at=None),
        "Paid until 2026-02-28 09:30 UTC.",
        "On 2026-02-28 09:30 UTC the period ends, and the subscription with it.",
    ),
    "past due": (
        IN_RETRIES,
        (
            "Paid until 2026-02-28 09:30 UTC; not paid since 2026-02-28 09:30 UTC, 1 of 4 dunning days"
            " are behind it. Invoice 42 waits for another payment: the last one failed."
        ),
        "On 2026-03-07 09:30 UTC the payment method is charged again, on dunning day 2 of 4.",
    ),
    "past due, to be charged again": (
        trying(IN_RETRIES, attempt(AttemptStage.DUE, CARD, since=PERIOD.end + 7 * DAY)),
        (
            "Paid until 2026-02-28 09:30 UTC; not paid since 2026-02-28 09:30 UTC, 1 of 4 dunning days"
            " are behind it. Payment 77 is to be charged."
        ),
        "On 2026-03-07 09:30 UTC the payment method is charged.",
    ),
    "past due, the days behind it": (
        replace(PAST_DUE, dunning=replace(CASE, retries_made=4, last_attempt_at=PERIOD.end + 21 * DAY)),
        (
            "Paid until 2026-02-28 09:30 UTC; not paid since 2026-02-28 09:30 UTC, 4 of 4 dunning days"
            " are behind it. Invoice 42 waits for another payment: the last one failed."
        ),
        "On 2026-03-21 09:30 UTC it is canceled and its invoice written off, unless it is paid before.",
    ),
    "past due, declined for good": (
        FOR_GOOD,
        (
            "Paid until 2026-02-28 09:30 UTC; not paid since 2026-02-28 09:30 UTC, 2 of 4 dunning days"
            " are behind it; its payment method was declined for good. Invoice 42 waits for another"
            " payment: the last one failed."
        ),
        "On 2026-03-14 09:30 UTC the payer is reminded, on dunning day 3 of 4.",
    ),
    "past due, by hand": (
        PAST_DUE_BY_HAND,
        (
            "Paid until 2026-02-28 09:30 UTC; not paid since 2026-02-28 09:30 UTC, 0 of 4 dunning days"
            " are behind it. Payment 77 waits for a person to pay it."
        ),
        "On 2026-03-02 09:30 UTC the payer is reminded, on dunning day 1 of 4.",
    ),
    "charged for another amount": (
        replace(UNKNOWN, parked_reason="amount_mismatch"),
        (
            "Paid until 2026-02-28 09:30 UTC. Payment 77 was charged, but for another amount than was asked"
            " for. Parked (amount_mismatch): an operator has to look."
        ),
        "Nothing until it is unparked.",
    ),
    "frozen": (
        FROZEN,
        "Frozen from 2026-02-10 12:00 UTC until 2026-02-20 12:00 UTC.",
        "On 2026-02-20 12:00 UTC it is unfrozen, and its paid time goes on.",
    ),
    "frozen, open-ended and canceled": (
        replace(OPEN_ENDED, cancel_at_period_end=True, canceled_at=IN_THE_PERIOD),
        (
            "Frozen from 2026-02-10 12:00 UTC until 2026-02-20 12:00 UTC, when its days of the year are"
            " spent; canceled on 2026-02-10 12:00 UTC, for the period's end."
        ),
        "On 2026-02-20 12:00 UTC it is unfrozen, and its paid time goes on.",
    ),
    "unpaid": (
        UNPAID,
        (
            "Paid until 2026-02-28 09:30 UTC; the renewal was never paid, and nothing more is billed."
            " Invoice 42 waits for another payment: the last one failed."
        ),
        "Nothing until its invoice is paid, or another payment method is set.",
    ),
    "canceled now": (
        CANCELED,
        "Canceled on 2026-02-10 12:00 UTC, before its period was over.",
        NOTHING,
    ),
    "canceled while charging": (
        ENDED_WHILE_CHARGING,
        (
            "Canceled on 2026-02-28 09:30 UTC, while a charge was under way; what becomes of it is waited"
            " for. Payment 77 has been with its provider since 2026-02-28 09:30 UTC."
        ),
        "On 2026-02-28 09:30 UTC the payment method is charged.",
    ),
    "canceled in dunning": (
        CANCELED_IN_DUNNING,
        "Canceled on 2026-03-03 09:30 UTC, when its paid time was over.",
        NOTHING,
    ),
    "canceled by dunning": (
        AFTER_DUNNING,
        "Canceled on 2026-03-21 09:30 UTC: its renewal had not been paid when dunning was over.",
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


def test_every_status_is_told_and_every_step_has_its_words() -> None:
    assert {state.status for state, _, _ in TOLD.values()} == set(Status)
    assert WORDS.keys() == set(Step)


def test_all_that_is_told() -> None:
    state = PAST_DUE.remembering("a").remembering("b")

    assert explain(state) == Explanation(
        status=Status.PAST_DUE,
        why="Paid until 2026-02-28 09:30 UTC; not paid since 2026-02-28 09:30 UTC, 0 of 4 dunning days are"
        " behind it. Invoice 42 waits for another payment: the last one failed.",
        next_action=Step.RETRY_PAYMENT,
        next_action_at=PERIOD.end + 2 * DAY,
        what_next="On 2026-03-02 09:30 UTC the payment method is charged again, on dunning day 1 of 4.",
        version=5,
        open_invoice_id=OPEN_INVOICE,
        parked_reason=None,
        attempt=None,
        dunning=CASE,
        recent_commands=("a", "b"),
        plan=MONTHLY,
        rules=RulesUsed(
            unpaid_start_hours=23,
            grace_days=7,
            dunning_policy_version=POLICY.version,
            dunning_retry_days=(2, 7, 14, 21),
        ),
    )


def test_an_operator_is_told_of_what_they_have_to_look_at() -> None:
    told = explain(PARKED)

    assert (told.parked_reason, told.attempt) == ("payment_unknown", PARKED.unpaid_invoice.attempt)
    assert (told.next_action, told.next_action_at) == (None, None)


def test_without_an_open_invoice_no_policy_is_pinned() -> None:
    told = explain(ACTIVE)

    assert (told.rules.dunning_policy_version, told.rules.dunning_retry_days) == (None, None)


def test_after_the_end_no_step_is_named() -> None:
    told = explain(CANCELED)

    assert (told.next_action, told.next_action_at) == (None, None)


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        (replace(CANCELED, ended_at=None), "subscription 7 is canceled without an end"),
        (replace(FROZEN, freeze=None), "subscription 7 is frozen since no instant"),
    ],
)
def test_a_state_that_cannot_be_is_a_fault(state: SubscriptionState, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        explain(state)
