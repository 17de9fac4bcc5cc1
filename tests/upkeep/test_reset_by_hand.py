"""A workflow that was reset by hand does its steps again: nothing is charged, billed or ended once more."""

import pytest

from tests.client import Student
from tests.lives import Life, World
from tests.scenarios.lived import Lived
from tests.upkeep.by_hand import reset
from tests.upkeep.live_statuses import Hired, active, books_agree, charges
from tests.upkeep.reach import reach_of
from upkeep.lost_sweep import LostSweep


async def is_back(lived: Lived) -> None:
    """The sweep sees the run that was reset, and leaves the one that runs as it is."""
    await lived.life.is_quiet()
    async with reach_of(lived.life.world, lived.life) as reach:
        assert await LostSweep(reach).revive_lost() == 0


@pytest.mark.parametrize("share", [0.0, 0.5])
async def test_after_a_renewal(world: World, admin: Student, share: float) -> None:
    lived = await active(Hired(world, admin))
    await lived.life.post("cancel")
    await lived.life.post("uncancel")
    book = await lived.life.book()

    await reset(lived.life, share)
    await is_back(lived)

    assert await lived.life.book() == book
    await books_agree(lived.life)
    await lived.until_day(61)
    await books_agree(lived.life)
    assert await charges(lived.life) == ("succeeded",) * 3
    assert (await lived.life.book()).invoices == ["paid"] * 3


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7])
async def test_commands_and_reports_that_are_sent_once_more(world: World, share: float) -> None:
    life = await Life.begin(world)
    await life.report("FAILED")
    await life.pay()
    for command in ("cancel", "uncancel", "freeze", "unfreeze", "cancel", "uncancel"):
        assert (await life.post(command)).is_success
    book = await life.book()

    await reset(life, share)
    await life.is_quiet()

    assert await life.book() == book
    assert (await life.post("cancel", {"at_period_end": False})).is_success
    await life.closes()


async def test_what_has_ended_ends_again(world: World, admin: Student) -> None:
    lived = await active(Hired(world, admin))
    await lived.life.post("cancel", {"at_period_end": False})
    await lived.life.closes()
    book = await lived.life.book()

    await reset(lived.life, 0.5)
    await lived.life.closes()

    assert await lived.life.book() == book
    await books_agree(lived.life)
