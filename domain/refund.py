"""Money that goes back: why, how much, and what becomes of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.billing_calendar import Period
from domain.collecting import FIRST_LOOK_UP
from domain.money import share, split_vat
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
    """What goes back of one payment when the contract is withdrawn from at `at`."""
    if rule is WithdrawalRule.FULL or paid_for is None:
        return paid_cents
    unused = paid_for.end - min(max(at, paid_for.start), paid_for.end)
    whole = paid_for.end - paid_for.start
    return share(paid_cents, int(unused.total_seconds()), int(whole.total_seconds()))


@dataclass(frozen=True)
class ReturnedMoney:
    """Where refunded money comes from: the customer's balance, and what paid the invoice."""

    surplus_cents: int
    net_cents: int
    vat_cents: int


def amount_to_refund(asked_cents: int | None, left_cents: int) -> int:
    """What was asked for, else all that is left. Raises `Refused` when it is nothing, or too much."""
    amount_cents = left_cents if asked_cents is None else asked_cents
    if not 0 < amount_cents <= left_cents:
        raise Refused(
            RefusalCode.REFUND_EXCEEDS_PAYMENT,
            "less than that is left of the payment",
            {"left_cents": left_cents},
        )
    return amount_cents


def returned_money(
    amount_cents: int, *, returned_before_cents: int, surplus_cents: int, vat_rate_bp: int
) -> ReturnedMoney:
    """What paid for nothing goes back first. The parts of partial refunds add up to those of one in full."""

    def split(total_cents: int) -> ReturnedMoney:
        from_surplus_cents = min(total_cents, surplus_cents)
        return ReturnedMoney(from_surplus_cents, *split_vat(total_cents - from_surplus_cents, vat_rate_bp))

    before, after = split(returned_before_cents), split(returned_before_cents + amount_cents)
    return ReturnedMoney(
        surplus_cents=after.surplus_cents - before.surplus_cents,
        net_cents=after.net_cents - before.net_cents,
        vat_cents=after.vat_cents - before.vat_cents,
    )


def wait_before_look_up(look_ups_made: int) -> timedelta:
    """A provider that gives no answer is asked ever more rarely, as it is for payments."""
    return FIRST_LOOK_UP * (1 << look_ups_made)
