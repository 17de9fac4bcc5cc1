"""What rules look at in a test: its own lives, on engines that others share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from payments.manual_mock import ManualMock
from payments.providers import Providers
from tests.at_rest import RPC_TIMEOUT
from tests.lives import Life, World
from upkeep.reconciliation.reach import Bounds, Reach

NOTHING_IS_YOUNG = Bounds(timedelta(), timedelta(), timedelta(seconds=-5))


@asynccontextmanager
async def reach_of(world: World, *lives: Life, bounds: Bounds = NOTHING_IS_YOUNG) -> AsyncIterator[Reach]:
    providers = Providers(ManualMock(), world.stack.psp.adapter())
    only = frozenset(life.workflow_id for life in lives)
    try:
        yield Reach(world.database, world.temporal, providers, RPC_TIMEOUT, bounds, only)
    finally:
        await providers.close()
