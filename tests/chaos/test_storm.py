"""Half a minute of `italiano chaos`, by seeds that are always the same. One that has failed stays here."""

from pathlib import Path

import pytest

from tests.chaos.plant import Plant
from tests.chaos.run import Run

SECONDS = 25


@pytest.mark.parametrize("seed", [1])
async def test_everything_breaks_and_all_comes_right(tmp_path: Path, seed: int) -> None:
    plant = Plant(tmp_path)
    try:
        await plant.start()
        outcome = await Run(plant, seed, SECONDS).happen()
    finally:
        await plant.stop()

    struck, met = outcome.nemesis.struck.total(), outcome.nemesis.met.total()
    assert outcome.wrong == []
    assert (struck > 5, met > struck / 2) == (True, True), outcome.nemesis.told
