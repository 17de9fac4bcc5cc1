"""A subscription's row takes the next version of its state, and no other."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from db.database import Connection
from db.queries.subscriptions import StaleStateError, find_live, load_current_state, write_state
from db.tables.subscriptions import Subscription
from domain.lifecycle import activate, cancel, expire
from domain.subscription import Status, SubscriptionState
from tests.db.sold import insert_subscriber
from tests.domain.states import IN_THE_PERIOD, INCOMPLETE, PERIOD


@pytest.fixture
async def second(connection: Connection) -> SubscriptionState:
    """A subscription at its second version."""
    user_id, subscription_id = await insert_subscriber(connection)
    state = replace(INCOMPLETE, user_id=user_id, subscription_id=subscription_id, version=2)
    await write_state(connection, state)
    return state


async def test_the_next_version_is_written_whole(connection: Connection, second: SubscriptionState) -> None:
    scheduled = cancel(activate(second).state, at_period_end=True, at=IN_THE_PERIOD)
    assert scheduled is not None
    state = replace(scheduled.state, version=3)

    await write_state(connection, state)
    assert await load_current_state(connection, second.subscription_id) == state
    row = (
        await connection.execute(select(Subscription).where(Subscription.id == second.subscription_id))
    ).one()
    assert (row.status, row.version, row.cancel_at_period_end) == ("active", 3, True)
    assert (row.current_period_start, row.current_period_end) == (PERIOD.start, PERIOD.end)
    assert (row.canceled_at, row.ended_at) == (IN_THE_PERIOD, None)
    assert (row.next_action, row.next_action_at) == ("end_period", PERIOD.end)


@pytest.mark.parametrize("version", [0, 1, 2, 4, 9])
async def test_any_other_version_loses(
    connection: Connection, second: SubscriptionState, version: int
) -> None:
    with pytest.raises(StaleStateError):
        await write_state(connection, replace(activate(second).state, version=version))
    assert await load_current_state(connection, second.subscription_id) == second


async def test_only_what_lives_is_found_live(connection: Connection, second: SubscriptionState) -> None:
    assert await find_live(connection, second.user_id) == (second.subscription_id, Status.INCOMPLETE)
    assert await find_live(connection, second.user_id + 1) is None

    await write_state(connection, expire(second, second.expires_at).state)
    assert await find_live(connection, second.user_id) is None
