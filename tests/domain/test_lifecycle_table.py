"""Every status × action, and every state × command, written out."""

from collections.abc import Callable
from itertools import product

import pytest

from domain.lifecycle import (
    REFUSALS,
    TRANSITIONS,
    Action,
    Change,
    Event,
    activate,
    cancel,
    end_period,
    expire,
    next_status,
    uncancel,
)
from domain.refusals import RefusalCode, Refused
from domain.subscription import Status, SubscriptionState
from tests.domain.states import ACTIVE, CANCELED, CANCELING, EXPIRED, IN_THE_PERIOD, INCOMPLETE

ENDED = RefusalCode.SUBSCRIPTION_ENDED
NOT_CANCELING = RefusalCode.NOT_CANCELING
ALREADY_SO = None

STATUS_AFTER: dict[tuple[Status, Action], Status | RefusalCode] = {
    (Status.INCOMPLETE, Action.ACTIVATE): Status.ACTIVE,
    (Status.INCOMPLETE, Action.EXPIRE): Status.INCOMPLETE_EXPIRED,
    (Status.INCOMPLETE, Action.CANCEL_AT_PERIOD_END): Status.CANCELED,
    (Status.INCOMPLETE, Action.CANCEL_NOW): Status.CANCELED,
    (Status.INCOMPLETE, Action.UNCANCEL): NOT_CANCELING,
    (Status.INCOMPLETE, Action.END_PERIOD): ENDED,
    (Status.INCOMPLETE_EXPIRED, Action.ACTIVATE): ENDED,
    (Status.INCOMPLETE_EXPIRED, Action.EXPIRE): ENDED,
    (Status.INCOMPLETE_EXPIRED, Action.CANCEL_AT_PERIOD_END): ENDED,
    (Status.INCOMPLETE_EXPIRED, Action.CANCEL_NOW): ENDED,
    (Status.INCOMPLETE_EXPIRED, Action.UNCANCEL): NOT_CANCELING,
    (Status.INCOMPLETE_EXPIRED, Action.END_PERIOD): ENDED,
    (Status.ACTIVE, Action.ACTIVATE): ENDED,
    (Status.ACTIVE, Action.EXPIRE): ENDED,
    (Status.ACTIVE, Action.CANCEL_AT_PERIOD_END): Status.ACTIVE,
    (Status.ACTIVE, Action.CANCEL_NOW): Status.CANCELED,
    (Status.ACTIVE, Action.UNCANCEL): Status.ACTIVE,
    (Status.ACTIVE, Action.END_PERIOD): Status.CANCELED,
    (Status.CANCELED, Action.ACTIVATE): ENDED,
    (Status.CANCELED, Action.EXPIRE): ENDED,
    (Status.CANCELED, Action.CANCEL_AT_PERIOD_END): Status.CANCELED,
    (Status.CANCELED, Action.CANCEL_NOW): Status.CANCELED,
    (Status.CANCELED, Action.UNCANCEL): NOT_CANCELING,
    (Status.CANCELED, Action.END_PERIOD): ENDED,
}

STATES: dict[str, SubscriptionState] = {
    "incomplete": INCOMPLETE,
    "active": ACTIVE,
    "canceling": CANCELING,
    "canceled": CANCELED,
    "expired": EXPIRED,
}

Command = Callable[[SubscriptionState], Change | None]

COMMANDS: dict[str, Command] = {
    "activate": activate,
    "expire": lambda state: expire(state, IN_THE_PERIOD),
    "cancel later": lambda state: cancel(state, at_period_end=True, at=IN_THE_PERIOD),
    "cancel now": lambda state: cancel(state, at_period_end=False, at=IN_THE_PERIOD),
    "uncancel": uncancel,
    "end period": end_period,
}

OUTCOMES: dict[str, dict[str, Event | RefusalCode | None]] = {
    "incomplete": {
        "activate": Event.ACTIVATED,
        "expire": Event.EXPIRED,
        "cancel later": Event.CANCELED,
        "cancel now": Event.CANCELED,
        "uncancel": NOT_CANCELING,
        "end period": ENDED,
    },
    "active": {
        "activate": ENDED,
        "expire": ENDED,
        "cancel later": Event.CANCEL_SCHEDULED,
        "cancel now": Event.CANCELED,
        "uncancel": NOT_CANCELING,
        "end period": Event.ENDED,
    },
    "canceling": {
        "activate": ENDED,
        "expire": ENDED,
        "cancel later": ALREADY_SO,
        "cancel now": Event.CANCELED,
        "uncancel": Event.CANCEL_WITHDRAWN,
        "end period": Event.ENDED,
    },
    "canceled": {
        "activate": ENDED,
        "expire": ENDED,
        "cancel later": ALREADY_SO,
        "cancel now": ALREADY_SO,
        "uncancel": NOT_CANCELING,
        "end period": ENDED,
    },
    "expired": {
        "activate": ENDED,
        "expire": ENDED,
        "cancel later": ENDED,
        "cancel now": ENDED,
        "uncancel": NOT_CANCELING,
        "end period": ENDED,
    },
}


def status_after(status: Status, action: Action) -> Status | RefusalCode:
    try:
        return next_status(status, action)
    except Refused as refused:
        return refused.code


def outcome(state: SubscriptionState, command: Command) -> Event | RefusalCode | None:
    try:
        change = command(state)
    except Refused as refused:
        return refused.code
    return None if change is None else change.event


def test_every_status_and_action() -> None:
    assert {pair: status_after(*pair) for pair in product(Status, Action)} == STATUS_AFTER


def test_the_table_and_the_refusals_hold_nothing_else() -> None:
    allowed = {pair: status for pair, status in STATUS_AFTER.items() if isinstance(status, Status)}

    assert allowed == TRANSITIONS
    assert REFUSALS.keys() == set(Action)


def test_every_state_and_command() -> None:
    assert {
        name: {verb: outcome(state, command) for verb, command in COMMANDS.items()}
        for name, state in STATES.items()
    } == OUTCOMES


def test_a_refusal_says_what_was_not_possible() -> None:
    with pytest.raises(Refused, match=r"^expire is not possible while active$") as refused:
        expire(ACTIVE, IN_THE_PERIOD)

    assert (refused.value.code, refused.value.facts) == (ENDED, {})
