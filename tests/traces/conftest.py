"""The shared stack, with its API and worker started anew: they export to a collector of the test's own."""

from collections.abc import AsyncIterator

import pytest

from cli.dev.processes import ProductProcess
from tests.lives import Life, World
from tests.stack import Stack
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


async def restart(stack: Stack, environment: dict[str, str]) -> None:
    """The API and the worker of the stack, with these variables beside their own."""
    await stack.stop_api()
    await stack.stop_worker()
    environment = stack.environment | environment
    stack.api = ProductProcess.api(stack.api_port, environment, stack.folder / "api.log")
    stack.worker = ProductProcess.worker(stack.worker_metrics_port, environment, stack.folder / "worker.log")
    await stack.start_api()
    await stack.start_worker()
