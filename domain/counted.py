"""What is counted of payments and of dunning, in few words: they become labels of metrics."""

from enum import StrEnum

from domain.lifecycle import Event
from domain.payment import HARD_DECLINES, UNEXPLAINED_DECLINE
from domain.subscription import Status

PAYMENTS = "billing_payments"
DECLINES = "billing_payment_declines"
DUNNING_CASES = "billing_dunning_cases"

FIRST, BY_HAND, LATER_RETRY = "first", "manual", "dunning_later"
RETRIES_TOLD_APART = 5
ATTEMPTS = (
    FIRST,
    *(f"dunning_{number}" for number in range(1, RETRIES_TOLD_APART + 1)),
    LATER_RETRY,
    BY_HAND,
)

OTHER_DECLINE = "other"
SOFT_DECLINES = frozenset(
    {
        UNEXPLAINED_DECLINE,
        "authentication_expired",
        "authentication_failed",
        "authentication_required",
        "details_do_not_match",
        "insufficient_funds",
        "limit_exceeded",
        "pin_needed",
        "processing_error",
    }
)
DECLINE_CODES = (*sorted(HARD_DECLINES | SOFT_DECLINES), OTHER_DECLINE)


class PaymentOutcome(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class CaseOutcome(StrEnum):
    """What became of a dunning case. `given_up`: its user ended the subscription meanwhile."""

    OPENED = "opened"
    RECOVERED = "recovered"
    LOST = "lost"
    GIVEN_UP = "given_up"


def attempt_of(attempt_no: int, dunning_attempt: int | None) -> str:
    """Which attempt at its invoice it is: the first, a retry of dunning, or one that somebody asked for."""
    if dunning_attempt is not None:
        return f"dunning_{dunning_attempt}" if dunning_attempt <= RETRIES_TOLD_APART else LATER_RETRY
    return FIRST if attempt_no == 1 else BY_HAND


def decline_label(code: str) -> str:
    """Whoever signs a webhook may write any word: what is none of ours is `other`."""
    return code if code in DECLINE_CODES else OTHER_DECLINE


def case_outcome(before: Status, after: Status, event: Event) -> CaseOutcome | None:
    """`None` when the change neither opens nor closes a dunning case."""
    was_dunned, is_dunned = before is Status.PAST_DUE, after is Status.PAST_DUE
    if was_dunned is is_dunned:
        return None
    if is_dunned:
        return CaseOutcome.OPENED
    if after is Status.ACTIVE:
        return CaseOutcome.RECOVERED
    return CaseOutcome.LOST if event in {Event.UNCOLLECTED, Event.LEFT_UNPAID} else CaseOutcome.GIVEN_UP
