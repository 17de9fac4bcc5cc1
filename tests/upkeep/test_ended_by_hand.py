"""A workflow that was ended by hand is started again from its row, without a second charge."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tests.client import Student
from tests.deadline import eventually
from tests.lives import Life, World
from tests.upkeep.by_hand import request_cancel, terminate
from tests.upkeep.live_statuses import STORIES, Hired, Story, active, books_agree, charges
from tests.upkeep.reach import reach_of
from upkeep.lost_sweep import LostSweep

End = Callable[[Life], Awaitable[None]]


@asynccontextmanager
async def sweep(life: Life) -> AsyncIterator[LostSweep]:
    async with reach_of(life.world, life) as reach:
        yield LostSweep(reach)


async def is_found_once(life: Life) -> None:
    """Temporal lists it a moment later; found again it is left as it is."""
    async with sweep(life) as lost:
        await eventually(lost.revive_lost)
        assert await lost.revive_lost() == 0
    await life.is_quiet()


CASES = [(terminate, story) for story in STORIES] + [
    (request_cancel, story) for story in STORIES if story.before is active
]


@pytest.mark.parametrize(
    ("end", "story"), CASES, ids=[f"{end.__name__}-{story.status}" for end, story in CASES]
)
async def test_it_goes_on_where_it_was(world: World, admin: Student, end: End, story: Story) -> None:
    lived = await story.before(Hired(world, admin))
    book = await lived.life.book()
    assert book.status == story.status
    assert await charges(lived.life) == story.charged

    await end(lived.life)
    await is_found_once(lived.life)

    assert await lived.life.book() == book
    assert await charges(lived.life) == story.charged
    await story.after(lived)
    await books_agree(lived.life)
    assert await charges(lived.life) == story.in_the_end
    assert (await lived.life.book()).status == "active"
