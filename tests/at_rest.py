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
ABOUT_TO_BE = timedelta(seconds=1)


def clock_of(life: Life) -> WorkflowClock:
    return WorkflowClock(life.world.temporal, life.workflow_id, RPC_TIMEOUT)


async def state_of(life: Life) -> SubscriptionState:
    """The row's."""
    async with life.world.database.read() as connection:
        return await subscriptions.load_current_state(connection, life.subscription_id)


async def comes_to_rest(life: Life, *, patience: float = REST_SECONDS) -> SubscriptionState:
    """Waits for it, then checks: one legal order, balanced books, the same money at the provider."""
    await rests(life, patience=patience)
    state = await check_serial_order(life.world.database, life.subscription_id)
    await check_money(life, state)
    return state


async def check_money(life: Life, state: SubscriptionState) -> None:
    """Of one at rest: the books balance, and the provider's own agree with them."""
    await check_books(life.world.database, state)
    await check_against_provider(life.world.database, life.world.stack.psp, life.subscription_id)


async def rests(life: Life, *, patience: float = REST_SECONDS) -> None:
    """Waits until nothing of it is under way, due, or about to be: it would come while somebody looks."""
    database, psp = life.world.database, life.world.stack.psp

    async def is_at_rest() -> bool:
        state = await state_of(life)
        if await psp.pending(life.subscription_id) or "received" in (await life.book()).reports:
            return False
        if await has_unsettled_refunds(database, life.subscription_id):
            return False
        reading = await clock_of(life).read()
        if reading.is_closed:
            return state.is_finished
        return reading.is_at_rest and step_due(state, reading.now + ABOUT_TO_BE) is None

    await eventually(is_at_rest, timeout=patience)
