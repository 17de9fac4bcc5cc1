"""The shared stack, with its API and worker started anew: they export to a collector of the test's own."""

from collections.abc import AsyncIterator

import pytest

from tests.lives import Life, World
from tests.stack import Stack
from tests.traces.restarts import restart
from tests.traces.sink import TraceSink


@pytest.fixture(scope="module")
async def untraced(world: World) -> Life:
    """Started while nothing was traced."""
    return await Life.begin(world, card="tok_ok")


@pytest.fixture(scope="module")
async def sink(untraced: Life, stack: Stack) -> AsyncIterator[TraceSink]:
    with TraceSink().open() as sink:
        await restart(stack, sink.environment)
        yield sink
        await restart(stack, {})
