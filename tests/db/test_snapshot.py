"""A state read back from its row is the state that was written."""

import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from db.snapshot import dump_state, load_state
from domain.billing_calendar import Anchor, Period
from domain.collecting import Attempt, AttemptStage, OpenInvoice
from domain.dunning import DunningCase, DunningPolicy, FinalAction
from domain.freezing import NEVER_FROZEN, Freeze, FrozenTime
from domain.plan import PlanTerms
from domain.subscription import PaidAhead, Status, SubscriptionState

START = datetime(2026, 1, 31, 9, 30, 0, 1, tzinfo=UTC)
END = datetime(2026, 2, 28, 9, 30, 0, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 31, 9, 30, 0, 1, tzinfo=UTC)
AT = datetime(2026, 2, 10, 12, tzinfo=UTC)
POLICY = DunningPolicy(2, (2, 7), FinalAction.UNPAID)

# One in which nothing is left out, whether or not such a one can be.
STATE = SubscriptionState(
    subscription_id=7,
    user_id=11,
    version=3,
    status=Status.ACTIVE,
    plan=PlanTerms("P1M", "One month", "P1M", 1_990, "EUR", 2_200, 14, 7, 30),
    anchor=Anchor(START, billing_day=31),
    period_index=0,
    period=Period(START, END),
    started_at=START,
    payment_method_id=5,
    open_invoice=OpenInvoice(
        42, 1, Period(END, LATER), POLICY, Attempt(43, AttemptStage.UNKNOWN, 5, AT, 2), (5, 6)
    ),
    paid_ahead=PaidAhead(1, Period(END, LATER)),
    dunning=DunningCase(POLICY, END, AT, retries_made=1, waits_for_new_method=True),
    freeze=Freeze(AT, LATER, is_open_ended=True),
    frozen_time=FrozenTime(year=1, seconds=86_400),
    cancel_at_period_end=True,
    canceled_at=AT,
    ended_at=LATER,
    parked_reason="payment_unknown",
    withdrawing_payment_id=41,
    recent_commands=("first", "second"),
)

# As it is written today. What is in a database already must always be readable.
POLICY_SNAPSHOT = {"version": 2, "retry_days": [2, 7], "final_action": "unpaid"}
NEXT_PERIOD = {"start": "2026-02-28T09:30:00.000001Z", "end": "2026-03-31T09:30:00.000001Z"}
SECOND_FORMAT = {
    "format": 2,
    "subscription_id": 7,
    "user_id": 11,
    "version": 3,
    "status": "active",
    "plan": {
        "code": "P1M",
        "name": "One month",
        "period_iso": "P1M",
        "price_cents": 1_990,
        "currency": "EUR",
        "vat_rate_bp": 2_200,
        "trial_days": 14,
        "grace_days": 7,
        "freeze_days_per_year": 30,
    },
    "anchor": {"at": "2026-01-31T09:30:00.000001Z", "billing_day": 31},
    "period_index": 0,
    "period": {"start": "2026-01-31T09:30:00.000001Z", "end": "2026-02-28T09:30:00.000001Z"},
    "started_at": "2026-01-31T09:30:00.000001Z",
    "payment_method_id": 5,
    "open_invoice": {
        "invoice_id": 42,
        "index": 1,
        "period": NEXT_PERIOD,
        "policy": POLICY_SNAPSHOT,
        "attempt": {
            "payment_id": 43,
            "stage": "unknown",
            "method_id": 5,
            "since": "2026-02-10T12:00:00Z",
            "look_ups": 2,
        },
        "refused_method_ids": [5, 6],
    },
    "paid_ahead": {"index": 1, "period": NEXT_PERIOD},
    "dunning": {
        "policy": POLICY_SNAPSHOT,
        "opened_at": "2026-02-28T09:30:00.000001Z",
        "last_attempt_at": "2026-02-10T12:00:00Z",
        "retries_made": 1,
        "waits_for_new_method": True,
    },
    "freeze": {
        "since": "2026-02-10T12:00:00Z",
        "until": "2026-03-31T09:30:00.000001Z",
        "is_open_ended": True,
    },
    "frozen_time": {"year": 1, "seconds": 86_400},
    "cancel_at_period_end": True,
    "canceled_at": "2026-02-10T12:00:00Z",
    "ended_at": "2026-03-31T09:30:00.000001Z",
    "parked_reason": "payment_unknown",
    "withdrawing_payment_id": 41,
    "recent_commands": ["first", "second"],
}
LESS = {
    "nothing open": {"open_invoice": None, "paid_ahead": None, "dunning": None, "freeze": None},
    "nothing under way": {"open_invoice": STATE.unpaid_invoice.trying(None)},
    "no method": {"payment_method_id": None},
    "alive": {"canceled_at": None, "ended_at": None, "parked_reason": None, "withdrawing_payment_id": None},
    "never frozen": {"frozen_time": NEVER_FROZEN, "recent_commands": ()},
    "before its time": {"period_index": -2, "started_at": START - timedelta(days=14)},
}


def test_a_snapshot_in_the_second_format() -> None:
    assert dump_state(STATE) == SECOND_FORMAT
    assert load_state(SECOND_FORMAT) == STATE
    assert SECOND_FORMAT.keys() == {field.name for field in fields(SubscriptionState)} | {"format"}


@pytest.mark.parametrize("changes", list(LESS.values()), ids=LESS)
def test_any_state_survives_its_row(changes: dict[str, Any]) -> None:
    state = replace(STATE, **changes)

    assert load_state(json.loads(json.dumps(dump_state(state)))) == state


@pytest.mark.parametrize("status", list(Status))
def test_every_status_survives_its_row(status: Status) -> None:
    state = replace(STATE, status=status)

    assert load_state(json.loads(json.dumps(dump_state(state)))) == state


@pytest.mark.parametrize(
    "snapshot",
    [
        {},
        {"format": 2},
        SECOND_FORMAT | {"status": "paused"},
        SECOND_FORMAT | {"started_at": "yesterday"},
        SECOND_FORMAT | {"open_invoice": {"invoice_id": 42}},
        {name: value for name, value in SECOND_FORMAT.items() if name != "period"},
    ],
)
def test_what_is_not_a_state_is_refused(snapshot: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        load_state(snapshot)
