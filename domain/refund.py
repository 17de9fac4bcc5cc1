"""Money that goes back: why, how much, and what becomes of it."""

from datetime import datetime, timedelta
from enum import StrEnum

from domain.billing_calendar import Period
from domain.collecting import FIRST_LOOK_UP
from domain.money import share
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


def withdrawal_cents(rule: WithdrawalRule, paid_cents: int, paid_for: Period | None, at: datetime) -> int:
    """What goes back of what was paid for some time when the contract is withdrawn from at `at`."""
    if rule is WithdrawalRule.FULL or paid_for is None:
        return paid_cents
    unused = paid_for.end - min(max(at, paid_for.start), paid_for.end)
    whole = paid_for.end - paid_for.start
    return share(paid_cents, int(unused.total_seconds()), int(whole.total_seconds()))


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
