from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.subscription import COMMANDS_REMEMBERED, Status, SubscriptionState
from tests.domain.states import (
    ACTIVE,
    CANCELED,
    CANCELING,
    CHANGING,
    CHARGING,
    CONFIRMING,
    ENDED_WHILE_CHARGING,
    EXPIRED,
    INCOMPLETE,
    OPENED_AHEAD,
    PAID_AHEAD,
    PARKED,
    PAST_DUE,
    PAYMENT,
    PERIOD,
    REJECTED,
    RENEWING,
    SECOND_PERIOD,
    STATES,
    UNKNOWN,
)


def test_every_status_has_a_state() -> None:
    assert {state.status for state in STATES.values()} == set(Status)


@pytest.mark.parametrize("name", STATES)
def test_what_has_ended_has_an_end(name: str) -> None:
    state = STATES[name]

    assert state.has_ended == (state.status in {Status.INCOMPLETE_EXPIRED, Status.CANCELED})


@pytest.mark.parametrize(
    ("state", "is_finished"),
    [
        (ACTIVE, False),
        (CANCELED, True),
        (EXPIRED, True),
        (ENDED_WHILE_CHARGING, False),
        (replace(CANCELED, withdrawing_payment_id=PAYMENT), False),
    ],
)
def test_it_is_finished_when_nothing_is_left_open_with_a_provider(
    state: SubscriptionState, *, is_finished: bool
) -> None:
    assert state.is_finished is is_finished


@pytest.mark.parametrize(
    ("state", "is_charging", "is_collecting"),
    [
        (ACTIVE, False, False),
        (OPENED_AHEAD, False, False),
        (RENEWING, False, True),
        (CHARGING, True, True),
        (UNKNOWN, True, True),
        (CONFIRMING, False, False),
        (PAST_DUE, False, False),
        (REJECTED, False, False),
        (PARKED, True, True),
    ],
)
def test_whether_money_may_be_moving(
    state: SubscriptionState, *, is_charging: bool, is_collecting: bool
) -> None:
    assert (state.is_charging, state.is_collecting) == (is_charging, is_collecting)


@pytest.mark.parametrize(
    ("state", "wants_no_payment"),
    [(ACTIVE, False), (CHARGING, False), (CANCELING, True), (CANCELED, True), (EXPIRED, True)],
)
def test_what_ends_wants_no_payment(state: SubscriptionState, *, wants_no_payment: bool) -> None:
    assert state.wants_no_payment is wants_no_payment


def test_paid_time_includes_what_was_paid_ahead() -> None:
    assert (ACTIVE.paid_until, PAID_AHEAD.paid_until) == (PERIOD.end, SECOND_PERIOD.end)


def test_an_unpaid_start_lives_for_23_hours() -> None:
    assert INCOMPLETE.expires_at == datetime(2026, 2, 1, 8, 30, tzinfo=UTC)


def test_an_applied_command_is_remembered() -> None:
    state = ACTIVE.remembering("cancel-1")

    assert state == replace(ACTIVE, recent_commands=("cancel-1",))
    assert state.remembers("cancel-1")
    assert not state.remembers("cancel-2")


def test_only_the_last_commands_are_remembered() -> None:
    state = ACTIVE
    for number in range(COMMANDS_REMEMBERED + 3):
        state = state.remembering(f"command-{number}")

    assert state.recent_commands == tuple(f"command-{number}" for number in range(3, 23))


def test_what_is_not_there_is_not_made_up() -> None:
    with pytest.raises(ValueError, match="subscription 7 has no open invoice"):
        _ = ACTIVE.unpaid_invoice
    with pytest.raises(ValueError, match="subscription 7 is not past due"):
        _ = ACTIVE.dunning_case


def test_what_its_plan_waits_for_is_told() -> None:
    assert CHANGING.change_invoice_id == CHANGING.unpaid_invoice.invoice_id
    assert OPENED_AHEAD.change_invoice_id is None
    assert ACTIVE.change_invoice_id is None
