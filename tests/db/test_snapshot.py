"""A state read back from its row is the state that was written."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from db.snapshot import dump_state, load_state
from domain.billing_calendar import Anchor, Period
from domain.plan import PlanTerms
from domain.subscription import Status, SubscriptionState
from tests.domain.states import ACTIVE, CANCELED, CANCELING, EXPIRED, INCOMPLETE

# As the first release writes it. What is in a database already must always be readable.
FIRST_FORMAT = {
    "format": 1,
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
    },
    "anchor": {"at": "2026-01-31T09:30:00.000001Z", "billing_day": 31},
    "period_index": 0,
    "period": {"start": "2026-01-31T09:30:00.000001Z", "end": "2026-02-28T09:30:00.000001Z"},
    "started_at": "2026-01-31T09:30:00.000001Z",
    "open_invoice_id": None,
    "cancel_at_period_end": True,
    "canceled_at": "2026-02-10T12:00:00Z",
    "ended_at": None,
    "recent_commands": ["first", "second"],
}
START = datetime(2026, 1, 31, 9, 30, 0, 1, tzinfo=UTC)
STATE = SubscriptionState(
    subscription_id=7,
    user_id=11,
    version=3,
    status=Status.ACTIVE,
    plan=PlanTerms("P1M", "One month", "P1M", 1_990, "EUR", 2_200),
    anchor=Anchor(START, billing_day=31),
    period_index=0,
    period=Period(START, datetime(2026, 2, 28, 9, 30, 0, 1, tzinfo=UTC)),
    started_at=START,
    open_invoice_id=None,
    cancel_at_period_end=True,
    canceled_at=datetime(2026, 2, 10, 12, tzinfo=UTC),
    recent_commands=("first", "second"),
)


def test_a_snapshot_in_the_first_format() -> None:
    assert dump_state(STATE) == FIRST_FORMAT
    assert load_state(FIRST_FORMAT) == STATE


@pytest.mark.parametrize(
    "state", [INCOMPLETE, ACTIVE, CANCELING, CANCELED, EXPIRED, replace(ACTIVE, recent_commands=("a", "b"))]
)
def test_any_state_survives_its_row(state: SubscriptionState) -> None:
    assert load_state(json.loads(json.dumps(dump_state(state)))) == state


@pytest.mark.parametrize(
    "snapshot",
    [
        {},
        {"format": 1},
        FIRST_FORMAT | {"status": "frozen"},
        FIRST_FORMAT | {"started_at": "yesterday"},
        {name: value for name, value in FIRST_FORMAT.items() if name != "period"},
    ],
)
def test_what_is_not_a_state_is_refused(snapshot: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        load_state(snapshot)
