"""A state read back from its row is the state that was written."""

import json
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from db.snapshot import dump_state, load_state
from domain.billing_calendar import Anchor, Period
from domain.collecting import Attempt, AttemptStage, OpenInvoice, Switch
from domain.dunning import DunningCase, DunningPolicy, FinalAction
from domain.freeze_allowance import NEVER_FROZEN, Freeze, FrozenTime
from domain.plan import PlanTerms
from domain.pricing import FREE, PeriodPrice
from domain.promo import Promo
from domain.subscription import PaidAhead, Status, SubscriptionState

START = datetime(2026, 1, 31, 9, 30, 0, 1, tzinfo=UTC)
END = datetime(2026, 2, 28, 9, 30, 0, 1, tzinfo=UTC)
LATER = datetime(2026, 3, 31, 9, 30, 0, 1, tzinfo=UTC)
AT = datetime(2026, 2, 10, 12, tzinfo=UTC)
POLICY = DunningPolicy(2, (2, 7), FinalAction.UNPAID)

ANOTHER_PLAN = PlanTerms("P1Y", "One year", "P1Y", 17_990, "EUR", 2_200, 0, 7, 30, seats=5, price_version=4)
A_SHARE = Promo("CIAO20", 20, None, None, ("P1M", "P1Y"), periods_left=2)
AN_AMOUNT = Promo("MENO5", None, 500, "EUR", (), periods_left=None)
SWITCH = Switch(ANOTHER_PLAN, Anchor(END, billing_day=28))

# One in which nothing is left out, whether or not such a one can be.
STATE = SubscriptionState(
    subscription_id=7,
    user_id=11,
    version=3,
    status=Status.ACTIVE,
    plan=PlanTerms("P1M", "One month", "P1M", 1_990, "EUR", 2_200, 14, 7, 30, seats=2, price_version=3),
    anchor=Anchor(START, billing_day=31),
    period_index=0,
    period=Period(START, END),
    started_at=START,
    payment_method_id=5,
    open_invoice=OpenInvoice(
        42,
        1,
        Period(END, LATER),
        POLICY,
        Attempt(43, AttemptStage.UNKNOWN, 5, AT, 2),
        (5, 6),
        price=PeriodPrice(14_392, A_SHARE),
        switch=SWITCH,
        changed_at=AT,
    ),
    paid_ahead=PaidAhead(1, Period(END, LATER), price=PeriodPrice(1_490, AN_AMOUNT), switch=SWITCH),
    dunning=DunningCase(POLICY, END, AT, retries_made=1, waits_for_new_method=True),
    freeze=Freeze(AT, LATER, is_open_ended=True, held_until=LATER + timedelta(days=1)),
    frozen_time=FrozenTime(year=1, seconds=86_400),
    cancel_at_period_end=True,
    canceled_at=AT,
    ended_at=LATER,
    parked_reason="payment_unknown",
    withdrawing_payment_id=41,
    recent_commands=("first", "second"),
    price=PeriodPrice(1_592, A_SHARE),
    frozen_microseconds=1_500_000,
    promo=A_SHARE,
    scheduled_plan=ANOTHER_PLAN,
    moved_price=ANOTHER_PLAN,
    altered_at=AT,
    transferred_at=AT,
)

# As it was written before there were promo codes and changes of plan. What is in a database already must
# always be readable, and means what it meant.
POLICY_SNAPSHOT = {"version": 2, "retry_days": [2, 7], "final_action": "unpaid"}
NEXT_PERIOD = {"start": "2026-02-28T09:30:00.000001Z", "end": "2026-03-31T09:30:00.000001Z"}
PLAN_SNAPSHOT = {
    "code": "P1M",
    "name": "One month",
    "period_iso": "P1M",
    "price_cents": 1_990,
    "currency": "EUR",
    "vat_rate_bp": 2_200,
    "trial_days": 14,
    "grace_days": 7,
    "freeze_days_per_year": 30,
}
OPEN_INVOICE_SNAPSHOT = {
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
}
SECOND_FORMAT = {
    "format": 2,
    "subscription_id": 7,
    "user_id": 11,
    "version": 3,
    "status": "active",
    "plan": PLAN_SNAPSHOT,
    "anchor": {"at": "2026-01-31T09:30:00.000001Z", "billing_day": 31},
    "period_index": 0,
    "period": {"start": "2026-01-31T09:30:00.000001Z", "end": "2026-02-28T09:30:00.000001Z"},
    "started_at": "2026-01-31T09:30:00.000001Z",
    "payment_method_id": 5,
    "open_invoice": OPEN_INVOICE_SNAPSHOT,
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
PROMO_SNAPSHOT = {
    "code": "CIAO20",
    "percent_off": 20,
    "amount_off_cents": None,
    "currency": None,
    "plan_codes": ["P1M", "P1Y"],
    "periods_left": 2,
}
AMOUNT_SNAPSHOT: dict[str, Any] = {
    "code": "MENO5",
    "percent_off": None,
    "amount_off_cents": 500,
    "currency": "EUR",
    "plan_codes": [],
    "periods_left": None,
}
ANOTHER_PLAN_SNAPSHOT = {
    "code": "P1Y",
    "name": "One year",
    "period_iso": "P1Y",
    "price_cents": 17_990,
    "currency": "EUR",
    "vat_rate_bp": 2_200,
    "trial_days": 0,
    "grace_days": 7,
    "freeze_days_per_year": 30,
    "seats": 5,
    "price_version": 4,
}
SWITCH_SNAPSHOT = {
    "plan": ANOTHER_PLAN_SNAPSHOT,
    "anchor": {"at": "2026-02-28T09:30:00.000001Z", "billing_day": 28},
}

# As it was written before the price that a plan moves to was kept beside what is chosen, and before anything
# was said of when the present period was changed.
THIRD_FORMAT = SECOND_FORMAT | {
    "format": 3,
    "plan": PLAN_SNAPSHOT | {"seats": 2, "price_version": 3},
    "open_invoice": OPEN_INVOICE_SNAPSHOT
    | {
        "price": {"cents": 14_392, "promo": PROMO_SNAPSHOT},
        "switch": SWITCH_SNAPSHOT,
        "changed_at": "2026-02-10T12:00:00Z",
    },
    "paid_ahead": {
        "index": 1,
        "period": NEXT_PERIOD,
        "price": {"cents": 1_490, "promo": AMOUNT_SNAPSHOT},
        "switch": SWITCH_SNAPSHOT,
    },
    "price": {"cents": 1_592, "promo": PROMO_SNAPSHOT},
    "frozen_microseconds": 1_500_000,
    "promo": PROMO_SNAPSHOT,
    "scheduled_plan": ANOTHER_PLAN_SNAPSHOT,
}

# As it was written before anything was said of whether it was handed on.
FOURTH_FORMAT = THIRD_FORMAT | {
    "format": 4,
    "moved_price": ANOTHER_PLAN_SNAPSHOT,
    "altered_at": "2026-02-10T12:00:00Z",
}

# As it was written before a freeze could be held by what is parked.
FIFTH_FORMAT = FOURTH_FORMAT | {"format": 5, "transferred_at": "2026-02-10T12:00:00Z"}
NEVER_HELD = replace(STATE, freeze=Freeze(AT, LATER, is_open_ended=True))

# As it is written today.
SIXTH_FORMAT = FIFTH_FORMAT | {
    "format": 6,
    "freeze": {
        "since": "2026-02-10T12:00:00Z",
        "until": "2026-03-31T09:30:00.000001Z",
        "is_open_ended": True,
        "held_until": "2026-04-01T09:30:00.000001Z",
    },
}
LESS = {
    "nothing open": {"open_invoice": None, "paid_ahead": None, "dunning": None, "freeze": None},
    "nothing off": {"promo": None, "price": PeriodPrice(1_990), "scheduled_plan": None, "moved_price": None},
    "nothing altered": {"altered_at": None, "transferred_at": None},
    "nothing under way": {"open_invoice": STATE.unpaid_invoice.trying(None)},
    "no method": {"payment_method_id": None},
    "alive": {"canceled_at": None, "ended_at": None, "parked_reason": None, "withdrawing_payment_id": None},
    "never frozen": {"frozen_time": NEVER_FROZEN, "recent_commands": ()},
    "before its time": {"period_index": -2, "started_at": START - timedelta(days=14)},
}


def test_a_snapshot_in_the_sixth_format() -> None:
    assert dump_state(STATE) == SIXTH_FORMAT
    assert load_state(SIXTH_FORMAT) == STATE
    assert SIXTH_FORMAT.keys() == {field.name for field in fields(SubscriptionState)} | {"format"}


def test_a_snapshot_in_the_fifth_format() -> None:
    assert load_state(FIFTH_FORMAT) == NEVER_HELD


def test_a_snapshot_in_the_fourth_format() -> None:
    assert load_state(FOURTH_FORMAT) == replace(NEVER_HELD, transferred_at=None)


def test_a_snapshot_in_the_third_format() -> None:
    """Nothing was said of when the present period was changed. A price that moved is in a choice's place."""
    dearer = replace(STATE.plan, price_version=4)
    moving = THIRD_FORMAT | {"scheduled_plan": asdict(dearer), "paid_ahead": None}

    assert load_state(THIRD_FORMAT) == replace(
        NEVER_HELD, moved_price=None, altered_at=None, transferred_at=None
    )
    assert load_state(moving).next_plan == dearer


def test_a_snapshot_in_the_second_format() -> None:
    """No promo, no other plan, one seat, the first price; and nothing was said of what a period costs."""
    assert load_state(SECOND_FORMAT) == replace(
        NEVER_HELD,
        plan=replace(STATE.plan, seats=1, price_version=1),
        open_invoice=replace(STATE.unpaid_invoice, price=FREE, switch=None, changed_at=None),
        paid_ahead=PaidAhead(1, Period(END, LATER)),
        price=FREE,
        frozen_microseconds=0,
        promo=None,
        scheduled_plan=None,
        moved_price=None,
        altered_at=None,
        transferred_at=None,
    )


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
        {"format": 3},
        THIRD_FORMAT | {"status": "paused"},
        THIRD_FORMAT | {"started_at": "yesterday"},
        THIRD_FORMAT | {"open_invoice": {"invoice_id": 42}},
        THIRD_FORMAT | {"promo": PROMO_SNAPSHOT | {"periods_left": "some"}},
        {name: value for name, value in THIRD_FORMAT.items() if name != "period"},
    ],
)
def test_what_is_not_a_state_is_refused(snapshot: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        load_state(snapshot)
