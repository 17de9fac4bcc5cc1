"""Money that goes back: why, how much, and what becomes of it."""

from datetime import timedelta
from enum import StrEnum

from domain.collecting import FIRST_LOOK_UP
from domain.refusals import RefusalCode, Refused


class RefundStatus(StrEnum):
    """`created` has its key and was not sent yet; `unknown` was sent and never answered: only looked up."""

    CREATED = "created"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class RefundReason(StrEnum):
    LATE_PAYMENT = "late_payment"
    WITHDRAWAL = "withdrawal"
    STAFF = "staff"


class WithdrawalRule(StrEnum):
    """What a withdrawal gives back: everything, or the part of the time that was not used."""

    FULL = "full"
    PRORATED = "prorated"


def amount_to_refund(
    asked_cents: int | None, left_cents: int, code: RefusalCode = RefusalCode.REFUND_EXCEEDS_PAYMENT
) -> int:
    """What was asked for, else all that is left. Raises `Refused` when it is nothing, or too much."""
    amount_cents = left_cents if asked_cents is None else asked_cents
    if not 0 < amount_cents <= left_cents:
        raise Refused(
            code,
            "less than that is left of what was paid",
            {"left_cents": left_cents},
        )
    return amount_cents


def wait_before_look_up(look_ups_made: int) -> timedelta:
    """A provider that gives no answer is asked ever more rarely, as it is for payments."""
    return FIRST_LOOK_UP * (1 << look_ups_made)
