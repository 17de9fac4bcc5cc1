"""Every status × action, written out."""

from itertools import product
from pathlib import Path

import pytest

from domain import ending
from domain.lifecycle import (
    ACTIONS_IN_WORDS,
    REFUSALS,
    STATUSES_IN_WORDS,
    TRANSITIONS,
    Action,
    Event,
    next_status,
    not_possible,
)
from domain.refusals import RefusalCode, Refused
from domain.subscription import Status
from tests.domain.states import ACTIVE, IN_THE_PERIOD

ROOT = Path(__file__).parents[2]
BEGINNINGS = {Status.INCOMPLETE, Status.TRIALING}
ENDED = RefusalCode.SUBSCRIPTION_ENDED

REFUSED_OF_ENDED = {Status.INCOMPLETE_EXPIRED, Status.CANCELED}
POSSIBLE: dict[Action, set[Status]] = {
    Action.PAY: set(Status) - REFUSED_OF_ENDED - {Status.FROZEN},
    Action.PAY_AHEAD: {Status.TRIALING, Status.ACTIVE},
    Action.EXPIRE: {Status.INCOMPLETE},
    Action.OPEN_RENEWAL: {Status.TRIALING, Status.ACTIVE},
    Action.BEGIN_PAID_PERIOD: {Status.TRIALING, Status.ACTIVE},
    Action.FALL_DUE: {Status.TRIALING, Status.ACTIVE},
    Action.REMIND_UNPAID: {Status.PAST_DUE},
    Action.CANCEL_UNCOLLECTED: {Status.PAST_DUE},
    Action.LEAVE_UNPAID: {Status.PAST_DUE},
    Action.PAY_NOW: set(Status) - REFUSED_OF_ENDED - {Status.FROZEN},
    Action.SET_PAYMENT_METHOD: set(Status) - REFUSED_OF_ENDED,
    Action.REDEEM_GIFT: set(Status) - REFUSED_OF_ENDED,
    Action.CHANGE_PLAN: {Status.TRIALING, Status.ACTIVE},
    Action.SCHEDULE_PRICE: {Status.TRIALING, Status.ACTIVE, Status.FROZEN},
    Action.CANCEL_AT_PERIOD_END: set(Status) - {Status.INCOMPLETE_EXPIRED},
    Action.CANCEL_NOW: set(Status) - {Status.INCOMPLETE_EXPIRED},
    Action.UNCANCEL: {Status.TRIALING, Status.ACTIVE, Status.FROZEN},
    Action.WITHDRAW: set(Status) - REFUSED_OF_ENDED,
    Action.END_PERIOD: {Status.TRIALING, Status.ACTIVE},
    Action.FREEZE: {Status.ACTIVE},
    Action.UNFREEZE: {Status.FROZEN},
    Action.TRANSFER: {Status.TRIALING, Status.ACTIVE, Status.FROZEN},
    Action.PARK: set(Status) - {Status.INCOMPLETE_EXPIRED},
    Action.UNPARK: set(Status) - {Status.INCOMPLETE_EXPIRED},
}
LEADS_TO: dict[Action, Status] = {
    Action.PAY: Status.ACTIVE,
    Action.EXPIRE: Status.INCOMPLETE_EXPIRED,
    Action.BEGIN_PAID_PERIOD: Status.ACTIVE,
    Action.FALL_DUE: Status.PAST_DUE,
    Action.CANCEL_UNCOLLECTED: Status.CANCELED,
    Action.LEAVE_UNPAID: Status.UNPAID,
    Action.CANCEL_NOW: Status.CANCELED,
    Action.WITHDRAW: Status.CANCELED,
    Action.END_PERIOD: Status.CANCELED,
    Action.FREEZE: Status.FROZEN,
    Action.UNFREEZE: Status.ACTIVE,
}
"""All others keep the status, but for a cancellation of what is not paid for."""
REFUSED_WITH: dict[Action, RefusalCode] = dict.fromkeys(Action, ENDED) | {
    Action.PAY_NOW: RefusalCode.INVOICE_NOT_PAYABLE,
    Action.CHANGE_PLAN: RefusalCode.PLAN_CHANGE_NOT_POSSIBLE,
    Action.SCHEDULE_PRICE: RefusalCode.PLAN_CHANGE_NOT_POSSIBLE,
    Action.UNCANCEL: RefusalCode.NOT_CANCELING,
    Action.FREEZE: RefusalCode.FREEZE_ONLY_FROM_ACTIVE,
    Action.UNFREEZE: RefusalCode.NOT_FROZEN,
    Action.TRANSFER: RefusalCode.TRANSFER_NOT_POSSIBLE,
    Action.UNPARK: RefusalCode.NOT_PARKED,
}
NOT_PAID_FOR = {Status.INCOMPLETE, Status.PAST_DUE, Status.UNPAID}


def expected(status: Status, action: Action) -> Status | RefusalCode:
    if status not in POSSIBLE[action]:
        return REFUSED_WITH[action]
    if action is Action.CANCEL_AT_PERIOD_END and status in NOT_PAID_FOR:
        return Status.CANCELED
    return LEADS_TO.get(action, status)


def status_after(status: Status, action: Action) -> Status | RefusalCode:
    try:
        return next_status(status, action)
    except Refused as refused:
        return refused.code


def test_every_status_and_action() -> None:
    pairs = list(product(Status, Action))

    assert {pair: status_after(*pair) for pair in pairs} == {pair: expected(*pair) for pair in pairs}
    assert REFUSALS.keys() == set(Action)


def test_every_status_is_reached_from_a_beginning_and_has_an_end() -> None:
    steps = {(before, after) for (before, _), after in TRANSITIONS.items()}

    def reached_from(statuses: set[Status]) -> set[Status]:
        further = statuses | {after for before, after in steps if before in statuses}
        return statuses if further == statuses else reached_from(further)

    assert reached_from(BEGINNINGS) == set(Status)
    for status in set(Status) - REFUSED_OF_ENDED:
        assert reached_from({status}) & REFUSED_OF_ENDED, status


def test_what_has_ended_never_lives_again() -> None:
    after = {then for (before, _), then in TRANSITIONS.items() if before in REFUSED_OF_ENDED}

    assert after == {Status.CANCELED}


def test_a_refusal_says_what_was_not_possible() -> None:
    with pytest.raises(
        Refused, match=r"^giving up an unpaid start is not possible while the subscription is active$"
    ) as refused:
        ending.expire(ACTIVE, IN_THE_PERIOD)

    assert (refused.value.code, refused.value.facts) == (ENDED, {})


def test_a_refusal_is_for_people_to_read() -> None:
    told = not_possible(Status.PAST_DUE, Action.CHANGE_PLAN)

    assert str(told) == "a change of plan is not possible while a payment is past due"
    assert ACTIONS_IN_WORDS.keys() == set(Action)
    assert STATUSES_IN_WORDS.keys() == set(Status)
    assert [
        words for words in (*ACTIONS_IN_WORDS.values(), *STATUSES_IN_WORDS.values()) if "_" in words
    ] == []


def test_every_event_is_told_by_a_rule_or_by_an_activity() -> None:
    sources = [path for room in ("domain", "activities") for path in sorted((ROOT / room).glob("*.py"))]
    told = "\n".join(path.read_text() for path in sources)

    assert [event for event in Event if f"Event.{event.name}" not in told] == []
