from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.subscription import COMMANDS_REMEMBERED, SubscriptionState
from tests.domain.states import ACTIVE, CANCELED, CANCELING, EXPIRED, INCOMPLETE


@pytest.mark.parametrize(
    ("state", "has_ended"),
    [(INCOMPLETE, False), (ACTIVE, False), (CANCELING, False), (CANCELED, True), (EXPIRED, True)],
)
def test_which_states_have_ended(state: SubscriptionState, *, has_ended: bool) -> None:
    assert state.has_ended is has_ended


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


def test_the_invoice_that_waits_for_its_payment() -> None:
    assert INCOMPLETE.unpaid_invoice_id == INCOMPLETE.open_invoice_id
    with pytest.raises(ValueError, match="has no open invoice"):
        _ = ACTIVE.unpaid_invoice_id
