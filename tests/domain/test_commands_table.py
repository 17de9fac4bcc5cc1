"""What becomes of every command in every state, written out."""

from collections.abc import Callable

import pytest

from domain import ending, parking, pausing, renewing
from domain.lifecycle import Change, Event
from domain.refusals import RefusalCode, Refused
from domain.subscription import SubscriptionState
from tests.domain.states import (
    ACTIVE,
    CANCELED,
    CANCELING,
    CHARGING,
    CONFIRMING,
    DAY,
    ENDED_WHILE_CHARGING,
    EXPIRED,
    FROZEN,
    IN_THE_PERIOD,
    INCOMPLETE,
    OPEN_INVOICE,
    OPENED_AHEAD,
    OTHER_CARD,
    PAID_AHEAD,
    PARKED,
    PAST_DUE,
    PAST_DUE_BY_HAND,
    PERIOD,
    RENEWING,
    TRIALING,
    UNKNOWN,
    UNPAID,
)

Told = Event | RefusalCode | None

ALREADY_SO = None
PAYABLE = None
NOW = IN_THE_PERIOD
ENDED = RefusalCode.SUBSCRIPTION_ENDED
NOT_PAYABLE = RefusalCode.INVOICE_NOT_PAYABLE
NOT_CANCELING = RefusalCode.NOT_CANCELING
ONLY_ACTIVE = RefusalCode.FREEZE_ONLY_FROM_ACTIVE
NOT_FROZEN = RefusalCode.NOT_FROZEN
NOT_PARKED = RefusalCode.NOT_PARKED
BUSY = RefusalCode.PAYMENT_IN_PROGRESS


def check_payable(state: SubscriptionState) -> None:
    renewing.check_payable(state, OPEN_INVOICE)


COMMANDS: tuple[Callable[[SubscriptionState], Change | None], ...] = (
    lambda state: ending.cancel(state, at_period_end=True, at=NOW),
    lambda state: ending.cancel(state, at_period_end=False, at=NOW),
    ending.uncancel,
    lambda state: ending.withdraw(state, NOW),
    lambda state: pausing.freeze(state, until=NOW + DAY, at=NOW),
    lambda state: pausing.unfreeze(state, NOW),
    check_payable,
    lambda state: renewing.payment_method_set(state, OTHER_CARD),
    lambda state: parking.unpark(state, NOW),
)
"""In this order: cancel later, cancel now, uncancel, withdraw, freeze, unfreeze, pay now, card, unpark."""

SCHEDULED = Event.CANCEL_SCHEDULED
CANCEL = Event.CANCELED
UNCANCELED = Event.CANCEL_WITHDRAWN
OVER = Event.WITHDRAWN
COLD = Event.FROZEN
THAWED = Event.UNFROZEN
CARD_SET = Event.PAYMENT_METHOD_SET
GOES_ON = Event.UNPARKED

# fmt: off
TOLD: dict[str, tuple[SubscriptionState, tuple[Told, ...]]] = {
    "incomplete": (
        INCOMPLETE,
        (CANCEL, CANCEL, NOT_CANCELING, OVER, ONLY_ACTIVE, NOT_FROZEN, PAYABLE, CARD_SET, NOT_PARKED),
    ),
    "expired": (
        EXPIRED,
        (ENDED, ENDED, NOT_CANCELING, ENDED, ONLY_ACTIVE, NOT_FROZEN, NOT_PAYABLE, ENDED, NOT_PARKED),
    ),
    "trialing": (
        TRIALING,
        (SCHEDULED, CANCEL, NOT_CANCELING, OVER, ONLY_ACTIVE, NOT_FROZEN, NOT_PAYABLE, CARD_SET, NOT_PARKED),
    ),
    "active": (
        ACTIVE,
        (SCHEDULED, CANCEL, NOT_CANCELING, OVER, COLD, NOT_FROZEN, NOT_PAYABLE, CARD_SET, NOT_PARKED),
    ),
    "opened ahead": (
        OPENED_AHEAD,
        (SCHEDULED, CANCEL, NOT_CANCELING, OVER, COLD, NOT_FROZEN, PAYABLE, CARD_SET, NOT_PARKED),
    ),
    "paid ahead": (
        PAID_AHEAD,
        (SCHEDULED, CANCEL, NOT_CANCELING, OVER, COLD, NOT_FROZEN, NOT_PAYABLE, CARD_SET, NOT_PARKED),
    ),
    "to be charged": (
        RENEWING,
        (SCHEDULED, CANCEL, NOT_CANCELING, OVER, COLD, NOT_FROZEN, BUSY, CARD_SET, NOT_PARKED),
    ),
    "charging": (
        CHARGING,
        (SCHEDULED, CANCEL, NOT_CANCELING, BUSY, BUSY, NOT_FROZEN, BUSY, CARD_SET, NOT_PARKED),
    ),
    "unknown": (
        UNKNOWN,
        (SCHEDULED, CANCEL, NOT_CANCELING, BUSY, BUSY, NOT_FROZEN, BUSY, CARD_SET, NOT_PARKED),
    ),
    "to be confirmed": (
        CONFIRMING,
        (SCHEDULED, CANCEL, NOT_CANCELING, OVER, COLD, NOT_FROZEN, PAYABLE, CARD_SET, NOT_PARKED),
    ),
    "parked": (
        PARKED,
        (SCHEDULED, CANCEL, NOT_CANCELING, BUSY, BUSY, NOT_FROZEN, BUSY, CARD_SET, GOES_ON),
    ),
    "canceling": (
        CANCELING,
        (ALREADY_SO, CANCEL, UNCANCELED, OVER, COLD, NOT_FROZEN, NOT_PAYABLE, CARD_SET, NOT_PARKED),
    ),
    "past due": (
        PAST_DUE,
        (CANCEL, CANCEL, NOT_CANCELING, OVER, ONLY_ACTIVE, NOT_FROZEN, PAYABLE, CARD_SET, NOT_PARKED),
    ),
    "past due, by hand": (
        PAST_DUE_BY_HAND,
        (CANCEL, CANCEL, NOT_CANCELING, OVER, ONLY_ACTIVE, NOT_FROZEN, PAYABLE, CARD_SET, NOT_PARKED),
    ),
    "frozen": (
        FROZEN,
        (SCHEDULED, CANCEL, NOT_CANCELING, OVER, ONLY_ACTIVE, THAWED, NOT_PAYABLE, CARD_SET, NOT_PARKED),
    ),
    "unpaid": (
        UNPAID,
        (CANCEL, CANCEL, NOT_CANCELING, OVER, ONLY_ACTIVE, NOT_FROZEN, PAYABLE, CARD_SET, NOT_PARKED),
    ),
    "canceled": (
        CANCELED,
        (ALREADY_SO, ALREADY_SO, NOT_CANCELING, ENDED, ONLY_ACTIVE, NOT_FROZEN, NOT_PAYABLE, ENDED,
         NOT_PARKED),
    ),
    "canceled while charging": (
        ENDED_WHILE_CHARGING,
        (ALREADY_SO, ALREADY_SO, NOT_CANCELING, ENDED, ONLY_ACTIVE, NOT_FROZEN, NOT_PAYABLE, ENDED,
         NOT_PARKED),
    ),
}
# fmt: on


def told(state: SubscriptionState, command: Callable[[SubscriptionState], Change | None]) -> Told:
    try:
        change = command(state)
    except Refused as refused:
        return refused.code
    return None if change is None else change.event


@pytest.mark.parametrize("name", TOLD)
def test_every_command(name: str) -> None:
    state, expected = TOLD[name]

    assert tuple(told(state, command) for command in COMMANDS) == expected


@pytest.mark.parametrize("name", TOLD)
def test_a_command_that_was_applied_makes_one_version(name: str) -> None:
    state, _ = TOLD[name]
    for command in COMMANDS:
        if isinstance(told(state, command), Event):
            change = command(state)
            assert change is not None
            assert change.state.version == state.version + 1


def test_only_the_invoice_that_waits_can_be_paid() -> None:
    with pytest.raises(Refused, match="does not wait for a payment") as refused:
        renewing.check_payable(PAST_DUE, OPEN_INVOICE + 1)

    assert refused.value.code is NOT_PAYABLE


def test_what_is_over_is_not_frozen() -> None:
    with pytest.raises(Refused, match="the paid time is over") as refused:
        pausing.freeze(ACTIVE, until=None, at=PERIOD.end)

    assert refused.value.code is ONLY_ACTIVE
