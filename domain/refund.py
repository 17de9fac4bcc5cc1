"""Money that goes back: why, how much, and what becomes of it."""

from datetime import datetime
from enum import StrEnum

from domain.billing_calendar import Period
from domain.money import share


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


def withdrawal_cents(rule: WithdrawalRule, paid_cents: int, paid_for: Period | None, at: datetime) -> int:
    """What goes back of one payment when the contract is withdrawn from at `at`."""
    if rule is WithdrawalRule.FULL or paid_for is None:
        return paid_cents
    unused = paid_for.end - min(max(at, paid_for.start), paid_for.end)
    whole = paid_for.end - paid_for.start
    return share(paid_cents, int(unused.total_seconds()), int(whole.total_seconds()))
