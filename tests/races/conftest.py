"""The shared stack, from now on with a worker that heeds gates: without one it is the worker that it was."""

from collections.abc import AsyncIterator

import pytest

from tests.gates import Gates, heeded
from tests.stack import Stack


@pytest.fixture(scope="session")
async def gates(stack: Stack) -> AsyncIterator[Gates]:
    gates = Gates(stack.folder / "gates")
    async with heeded(stack, gates):
        yield gates
