import pytest

from domain.counted import (
    ATTEMPTS,
    DECLINE_CODES,
    OTHER_DECLINE,
    CaseOutcome,
    attempt_of,
    case_outcome,
    decline_label,
)
from domain.lifecycle import Event
from domain.subscription import Status
from payments import stripe_declines
from sandbox_psp.tokens import TOKENS


@pytest.mark.parametrize(
    ("attempt_no", "dunning_attempt", "label"),
    [
        (1, None, "first"),
        (2, None, "manual"),
        (2, 1, "dunning_1"),
        (9, 5, "dunning_5"),
        (9, 6, "dunning_later"),
    ],
)
def test_an_attempt_has_one_of_few_labels(attempt_no: int, dunning_attempt: int | None, label: str) -> None:
    assert attempt_of(attempt_no, dunning_attempt) == label
    assert label in ATTEMPTS


def test_each_reason_of_our_providers_is_told_apart() -> None:
    words = {*stripe_declines.HARD.values(), *stripe_declines.SOFT.values()}
    words |= {behavior.decline_code for behavior in TOKENS.values() if behavior.decline_code}

    assert {word for word in words if decline_label(word) != word} == set()


def test_whatever_a_webhook_writes_adds_no_label() -> None:
    assert decline_label("not enough funds") == OTHER_DECLINE
    assert decline_label("other") == OTHER_DECLINE
    assert len(set(DECLINE_CODES)) == len(DECLINE_CODES)


@pytest.mark.parametrize(
    ("before", "after", "event", "outcome"),
    [
        (Status.ACTIVE, Status.PAST_DUE, Event.PAYMENT_DECLINED, CaseOutcome.OPENED),
        (Status.TRIALING, Status.PAST_DUE, Event.FELL_DUE, CaseOutcome.OPENED),
        (Status.PAST_DUE, Status.ACTIVE, Event.RECOVERED, CaseOutcome.RECOVERED),
        (Status.PAST_DUE, Status.CANCELED, Event.UNCOLLECTED, CaseOutcome.LOST),
        (Status.PAST_DUE, Status.UNPAID, Event.LEFT_UNPAID, CaseOutcome.LOST),
        (Status.PAST_DUE, Status.CANCELED, Event.CANCELED, CaseOutcome.GIVEN_UP),
        (Status.PAST_DUE, Status.PAST_DUE, Event.PAYMENT_DECLINED, None),
        (Status.ACTIVE, Status.ACTIVE, Event.RENEWED, None),
    ],
)
def test_a_case_is_opened_and_closed_once(
    before: Status, after: Status, event: Event, outcome: CaseOutcome | None
) -> None:
    assert case_outcome(before, after, event) is outcome
