"""A subscription's row takes the next version of its state, and no other."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from db.database import Connection
from db.queries.subscriptions import StaleStateError, find_live, load_current_state, write_state
from db.tables.payment_methods import PaymentMethod
from db.tables.subscriptions import Subscription
from domain import ending, paying, starting
from domain.billing_calendar import Period
from domain.collecting import Attempt, AttemptStage, OpenInvoice
from domain.dunning import DunningPolicy, FinalAction
from domain.plan import PlanTerms
from domain.subscription import Status, SubscriptionState
from tests.db.rows import insert_row
from tests.db.sold import insert_subscriber

STARTED_AT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
PERIOD = Period(STARTED_AT, datetime(2026, 2, 28, 9, 30, tzinfo=UTC))
IN_THE_PERIOD = datetime(2026, 2, 10, 12, tzinfo=UTC)
MONTHLY = PlanTerms("P1M", "One month", "P1M", 1_990, "EUR", 2_200, 0, 7, 30)
POLICY = DunningPolicy(1, (2, 7), FinalAction.CANCEL)
INVOICE = OpenInvoice(42, 0, PERIOD, POLICY, Attempt(43, AttemptStage.PENDING, None, STARTED_AT))


@pytest.fixture
async def second(connection: Connection) -> SubscriptionState:
    """A subscription at its second version."""
    user_id, subscription_id = await insert_subscriber(connection)
    unpaid = replace(starting.unpaid(MONTHLY, STARTED_AT), open_invoice=INVOICE)
    state = replace(unpaid, user_id=user_id, subscription_id=subscription_id, version=2)
    await write_state(connection, state)
    return state


def activated(state: SubscriptionState) -> SubscriptionState:
    return paying.paid(state, INVOICE.invoice_id, STARTED_AT).state


async def row_of(connection: Connection, state: SubscriptionState) -> dict[str, object]:
    query = select(Subscription.__table__).where(Subscription.id == state.subscription_id)
    return dict((await connection.execute(query)).one()._mapping)


async def test_the_next_version_is_written_whole(connection: Connection, second: SubscriptionState) -> None:
    method_id = await insert_row(connection, PaymentMethod, user_id=second.user_id)
    state = replace(activated(second), payment_method_id=method_id)
    before = await row_of(connection, state)

    await write_state(connection, state)

    assert await load_current_state(connection, second.subscription_id) == state
    after = await row_of(connection, state)
    assert after.pop("state") != before.pop("state")
    assert after == before | {
        "status": "active",
        "version": 3,
        "current_period_start": PERIOD.start,
        "current_period_end": PERIOD.end,
        "access_until": PERIOD.end + timedelta(days=7),
        "payment_method_id": method_id,
        "next_action": "renew",
        "next_action_at": PERIOD.end,
    }


async def test_what_readers_compare_with_follows_the_state(
    connection: Connection, second: SubscriptionState
) -> None:
    charging = INVOICE.trying(Attempt(43, AttemptStage.CHARGING, None, STARTED_AT))
    scheduled = ending.cancel(activated(second), at_period_end=True, at=IN_THE_PERIOD)
    assert scheduled is not None
    state = replace(scheduled.state, version=3, open_invoice=charging, parked_reason="payment_unknown")

    await write_state(connection, state)

    row = await row_of(connection, state)
    assert (row["cancel_at_period_end"], row["canceled_at"]) == (True, IN_THE_PERIOD)
    assert (row["access_until"], row["payment_in_progress"]) == (PERIOD.end, True)
    assert (row["parked_reason"], row["next_action"]) == ("payment_unknown", None)


@pytest.mark.parametrize("version", [0, 1, 2, 4, 9])
async def test_any_other_version_loses(
    connection: Connection, second: SubscriptionState, version: int
) -> None:
    with pytest.raises(StaleStateError):
        await write_state(connection, replace(activated(second), version=version))
    assert await load_current_state(connection, second.subscription_id) == second


async def test_only_what_lives_is_found_live(connection: Connection, second: SubscriptionState) -> None:
    assert await find_live(connection, second.user_id) == (second.subscription_id, Status.INCOMPLETE)
    assert await find_live(connection, second.user_id + 1) is None

    await write_state(connection, ending.expire(second, second.expires_at).state)
    assert await find_live(connection, second.user_id) is None
