"""Each story is told once undisturbed, then once for each point that it passed, with a death there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text

from db.queries.book_invariants import find_violations
from tests.at_rest import comes_to_rest
from tests.chaos.rest import WAITING
from tests.crash_points.ending import Ending, differences, ending_of
from tests.crash_points.ground import Ground
from tests.crash_points.scene import Scene, Story
from tests.deadline import eventually

REST_SECONDS = 120


@dataclass(frozen=True)
class Known:
    """A story as it goes when nobody dies."""

    points: Sequence[str]
    ending: Ending


@dataclass
class Death:
    """What was wrong after it; nothing, if all is well."""

    story: str
    point: str
    wrong: list[str] = field(default_factory=list)


async def get_to_know(ground: Ground, story: Story) -> Known:
    """Without its end in the record: what the processes do for ever would never end."""
    ending = await _told(ground, story, ground.points.record)
    return Known(ground.points.end_record(), ending)


async def die_at(ground: Ground, name: str, story: Story, known: Known, point: str) -> Death:
    """Fails nowhere: what is wrong is told."""
    death = Death(name, point)
    before = len(ground.desk.history.wrong)
    try:
        ending = await _told(ground, story, lambda: ground.points.arm(point), must_bite=True)
        death.wrong += differences(known.ending, ending)
        async with ground.world.database.read() as connection:
            violations = await find_violations(connection)
        death.wrong += [f"{rule}: {rows}" for rule, rows in violations.items()]
    except AssertionError as error:
        death.wrong.append(f"it never came right: {error}")
    finally:
        ground.points.disarm()
        await eventually(ground.all_run)
    death.wrong += ground.desk.history.wrong[before:]
    return death


async def _told(
    ground: Ground, story: Story, may_break: Callable[[], None], *, must_bite: bool = False
) -> Ending:
    scene = Scene(ground, may_break)
    async with scene.props:
        life = await story(scene)
        if must_bite:
            await eventually(ground.points.has_bitten)
        await nothing_waits(ground)
        await comes_to_rest(life, patience=REST_SECONDS)
        return await ending_of(life)


async def nothing_waits(ground: Ground) -> None:
    """Of anybody: here one story is told after the other."""

    async def nothing() -> bool:
        async with ground.world.database.read() as connection:
            for what, query in WAITING.items():
                found = (await connection.execute(text(query))).scalars().all()
                assert not found, f"{what}: {found}"
        return True

    await eventually(nothing, REST_SECONDS)
