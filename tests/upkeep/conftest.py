import pytest

from tests.lives import Life, World


@pytest.fixture
async def unpaid(world: World) -> Life:
    """A subscription that was just started, of somebody nobody else uses."""
    return await Life.begin(world)
