"""A subscription at rest: nothing is under way or due, and everything that it came to is right."""

from datetime import timedelta

from db.queries import subscriptions
from domain.due import step_due
from domain.subscription import SubscriptionState
from tests.balanced_books import check_against_provider, check_books, has_unsettled_refunds
from tests.deadline import eventually
from tests.lives import Life
from tests.serial_order import check_serial_order
from upkeep.workflow_clock import WorkflowClock

RPC_TIMEOUT = timedelta(seconds=20)
REST_SECONDS = 60


def clock_of(life: Life) -> WorkflowClock:
    return WorkflowClock(life.world.temporal, life.workflow_id, RPC_TIMEOUT)


async def state_of(life: Life) -> SubscriptionState:
    """The row's."""
    async with life.world.database.read() as connection:
        return await subscriptions.load_current_state(connection, life.subscription_id)


async def comes_to_rest(life: Life, *, patience: float = REST_SECONDS) -> SubscriptionState:
    """Waits for it, then checks: one legal order, balanced books, the same money at the provider."""
    database, psp = life.world.database, life.world.stack.psp

    async def rests() -> bool:
        state = await state_of(life)
        if await psp.pending(life.subscription_id) or "received" in (await life.book()).reports:
            return False
        if await has_unsettled_refunds(database, life.subscription_id):
            return False
        reading = await clock_of(life).read()
        if reading.is_closed:
            return state.is_finished
        return reading.is_at_rest and step_due(state, reading.now) is None

    await eventually(rests, timeout=patience)
    state = await check_serial_order(database, life.subscription_id)
    await check_books(database, state)
    await check_against_provider(database, psp, life.subscription_id)
    return state
