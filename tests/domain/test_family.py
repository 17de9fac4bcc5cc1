"""Seats, and what is handed on."""

from dataclasses import replace

import pytest

from domain import ending, family, scheduling
from domain.collecting import Switch
from domain.family import check_invitations, check_owner, check_seat, check_seats_left, seats_to_give
from domain.lifecycle import Event
from domain.refusals import RefusalCode, Refused
from domain.subscription import CHARGEBACK, Status, SubscriptionState
from tests.domain.states import (
    ACTIVE,
    CANCELED,
    CANCELING,
    CARD,
    CHARGING,
    FROZEN,
    IN_THE_PERIOD,
    INCOMPLETE,
    MONTHLY,
    OPEN_INVOICE,
    OPENED_AHEAD,
    OTHER_CARD,
    PAID_AHEAD,
    PARKED,
    PAST_DUE,
    TRIALING,
    UNPAID,
    YEARLY,
)

FAMILY = replace(YEARLY, code="P1Y-FAMILY", seats=5)
COUPLE = replace(YEARLY, code="P1Y-COUPLE", seats=2)
SHARED = replace(ACTIVE, plan=FAMILY)
HEIR = 99


def refusal(act: object, *arguments: object) -> RefusalCode | None:
    try:
        act(*arguments)  # type: ignore[operator]  # a rule
    except Refused as refused:
        return refused.code
    return None


@pytest.mark.parametrize("members", range(7))
def test_a_seat_is_there_for_the_owner_and_so_many_members(members: int) -> None:
    assert refusal(check_seat, SHARED, members) == (None if members < 4 else RefusalCode.SEATS_FULL)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (INCOMPLETE, RefusalCode.FAMILY_NOT_OPEN),
        (TRIALING, None),
        (ACTIVE, None),
        (CANCELING, None),
        (PAST_DUE, None),
        (FROZEN, None),
        (UNPAID, RefusalCode.FAMILY_NOT_OPEN),
        (CANCELED, RefusalCode.FAMILY_NOT_OPEN),
    ],
    ids=lambda value: getattr(value, "status", None),
)
def test_when_somebody_may_join(state: SubscriptionState, code: RefusalCode | None) -> None:
    assert refusal(check_seat, replace(state, plan=FAMILY), 0) == code


def test_a_plan_for_one_has_no_seat_to_give() -> None:
    assert refusal(check_seat, ACTIVE, 0) == RefusalCode.NOT_A_FAMILY_PLAN


def test_while_fewer_are_to_come_fewer_are_given() -> None:
    chosen = scheduling.schedule(SHARED, COUPLE).state
    ahead = replace(PAID_AHEAD, plan=FAMILY)
    assert ahead.paid_ahead is not None
    ahead = replace(ahead, paid_ahead=replace(ahead.paid_ahead, switch=Switch(COUPLE, ACTIVE.anchor)))
    assert OPENED_AHEAD.open_invoice is not None
    waiting = replace(
        OPENED_AHEAD,
        plan=FAMILY,
        open_invoice=replace(OPENED_AHEAD.open_invoice, switch=Switch(COUPLE, ACTIVE.anchor)),
    )
    assert [seats_to_give(state) for state in (SHARED, chosen, ahead, waiting)] == [5, 2, 2, 2]
    assert refusal(check_seat, chosen, 1) == RefusalCode.SEATS_FULL
    more_to_come = scheduling.schedule(replace(ACTIVE, plan=COUPLE), FAMILY).state
    assert seats_to_give(more_to_come) == 2


def test_a_plan_needs_as_many_seats_as_are_taken() -> None:
    codes = [refusal(check_seats_left, COUPLE, members) for members in range(4)]

    assert codes == [None, None, RefusalCode.SEATS_TAKEN, RefusalCode.SEATS_TAKEN]
    assert refusal(check_seats_left, MONTHLY, 0) is None


def test_invitations_are_bounded() -> None:
    assert [refusal(check_invitations, count) for count in (19, 20)] == [
        None,
        RefusalCode.TOO_MANY_INVITATIONS,
    ]


@pytest.mark.parametrize("state", [ACTIVE, TRIALING, FROZEN, CANCELING, PAID_AHEAD], ids=lambda s: s.status)
def test_handing_it_on_changes_who_pays_and_nothing_else(state: SubscriptionState) -> None:
    before = replace(state, plan=FAMILY, payment_method_id=CARD, scheduled_plan=COUPLE)

    change = family.transfer(before, HEIR, OTHER_CARD, IN_THE_PERIOD)

    assert change.state == replace(
        before,
        version=before.version + 1,
        user_id=HEIR,
        payment_method_id=OTHER_CARD,
        transferred_at=IN_THE_PERIOD,
    )
    assert (change.event, change.details) == (
        Event.TRANSFERRED,
        {"from_user_id": before.user_id, "to_user_id": HEIR, "payment_method_id": OTHER_CARD},
    )


def test_what_was_asked_of_the_one_before_makes_way() -> None:
    change = family.transfer(OPENED_AHEAD, HEIR, None, IN_THE_PERIOD)

    assert change.voids_invoice_id == change.details["invoice_id"] == OPEN_INVOICE
    assert change.state.open_invoice is None


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (INCOMPLETE, RefusalCode.TRANSFER_NOT_POSSIBLE),
        (PAST_DUE, RefusalCode.TRANSFER_NOT_POSSIBLE),
        (UNPAID, RefusalCode.TRANSFER_NOT_POSSIBLE),
        (CANCELED, RefusalCode.TRANSFER_NOT_POSSIBLE),
        (replace(ACTIVE, parked_reason=CHARGEBACK), RefusalCode.TRANSFER_NOT_POSSIBLE),
        (PARKED, None),
        (CHARGING, RefusalCode.PAYMENT_IN_PROGRESS),
    ],
)
def test_when_it_cannot_be_handed_on(state: SubscriptionState, code: RefusalCode | None) -> None:
    told = refusal(family.transfer, state, HEIR, None, IN_THE_PERIOD)

    assert told == code or (code is None and told is not None)


def test_whoever_got_it_cannot_withdraw_from_what_they_did_not_buy() -> None:
    handed_on = family.transfer(ACTIVE, HEIR, None, IN_THE_PERIOD).state

    assert refusal(ending.withdraw, handed_on, IN_THE_PERIOD) == RefusalCode.WITHDRAWAL_AFTER_TRANSFER
    assert ending.cancel(handed_on, at_period_end=False, at=IN_THE_PERIOD) is not None


def test_a_command_of_the_owner_before_is_known() -> None:
    assert refusal(check_owner, ACTIVE, ACTIVE.user_id) is None
    assert refusal(check_owner, ACTIVE, HEIR) == RefusalCode.SUBSCRIPTION_HANDED_ON
    assert ACTIVE.status is Status.ACTIVE
