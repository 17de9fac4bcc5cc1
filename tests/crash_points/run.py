"""Each story is told once undisturbed, then once for each point that it passed, with a death there."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.at_rest import comes_to_rest
from tests.crash_points.ending import Ending, differences, ending_of
from tests.crash_points.ground import REST_SECONDS, Ground
from tests.crash_points.points import without_line
from tests.crash_points.scene import Scene, Story
from tests.deadline import eventually
from tests.lives import Life
from tests.violations import find_violations

FOR_EVER = frozenset(
    f"{side} commit in upkeep/{where}"
    for side in ("before", "after")
    for where in (
        "inbox_relay.py:InboxRelay._deliver_due",
        "events/dispatcher.py:EventDispatcher.publish",
        "events/dispatcher.py:EventDispatcher.start_deliveries",
    )
)
"""What is passed again and again, whatever happens: a record is not complete without."""


@dataclass(frozen=True)
class Known:
    """A story as it goes when nobody dies."""

    points: Sequence[str]
    ending: Ending


@dataclass
class Death:
    """What was wrong after it: nothing, if all is well. It took so long until all was at rest."""

    point: str
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


async def get_to_know(ground: Ground, story: Story) -> Known:
    """Undisturbed."""
    async with _told(ground, story, ground.points.record) as life:

        async def all_looked_once() -> bool:
            passed = {without_line(point).partition(" ")[2] for point in ground.points.passed}
            return passed >= FOR_EVER

        await eventually(all_looked_once)
        ending = await _at_rest(ground, life)
        return Known(ground.points.end_record(), ending)


async def die_at(ground: Ground, story: Story, known: Known, point: str) -> Death:
    """Fails nowhere: what is wrong is told."""
    death = Death(point)
    before = len(ground.desk.history.wrong)
    loop = asyncio.get_running_loop()

    def arm() -> None:
        death.seconds -= loop.time()
        ground.points.arm(point)

    try:
        async with _told(ground, story, arm) as life:
            await eventually(ground.points.has_bitten)
            ending = await _at_rest(ground, life)
        death.seconds += loop.time()
        death.wrong += differences(known.ending, ending)
        async with ground.world.database.read() as connection:
            violations = await find_violations(connection)
        death.wrong += [f"{rule}: {rows}" for rule, rows in violations.items()]
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told with its point
        death.wrong.append(f"it never came right: {error!r}")
    finally:
        ground.points.disarm()
        await eventually(ground.all_run)
    death.wrong += ground.desk.history.wrong[before:]
    return death


@asynccontextmanager
async def _told(ground: Ground, story: Story, watch: Callable[[], None]) -> AsyncIterator[Life]:
    scene = Scene(ground, watch)
    async with scene.props:
        yield await story(scene)


async def _at_rest(ground: Ground, life: Life) -> Ending:
    await ground.comes_to_rest()
    await comes_to_rest(life, patience=REST_SECONDS)
    return await ending_of(life)
