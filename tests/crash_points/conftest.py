from collections.abc import AsyncIterator

import pytest

from tests.crash_points.ground import Ground, ground_in


@pytest.fixture(scope="session")
async def ground(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    async with ground_in(tmp_path_factory.mktemp("crash-points")) as ground:
        yield ground
