"""`python -m tests.crash_points`: what `italiano crash-points` runs."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console

from ops.logging import configure_logging
from tests.crash_points.ground import Ground, ground_in
from tests.crash_points.report import show, tell
from tests.crash_points.run import Death, Known, die_at, get_to_know
from tests.crash_points.stories import STORIES
from tests.interrupted import end_at_sigterm
from tests.warm_python import warm


async def tell_all(names: Sequence[str], count: int, folder: Path, console: Console) -> bool:
    """Whether nothing was violated."""
    end_at_sigterm()
    by_path: dict[str, Sequence[Death]] = {}
    async with AsyncExitStack() as stacks:
        lanes = [await stacks.enter_async_context(ground_in(folder / f"lane-{n + 1}")) for n in range(count)]
        for name in names:
            known = await get_to_know(lanes[0], STORIES[name])
            by_path[name] = await die_everywhere(lanes, name, known)
            tell(name, by_path[name], console)
    show(by_path, console)
    return not any(death.wrong for deaths in by_path.values() for death in deaths)


async def die_everywhere(lanes: Sequence[Ground], name: str, known: Known) -> list[Death]:
    """Each lane takes the next point as soon as it is done with one."""
    left = iter(known.points)

    async def work(ground: Ground) -> list[Death]:
        return [await die_at(ground, STORIES[name], known, point) for point in left]

    return [death for deaths in await asyncio.gather(*map(work, lanes)) for death in deaths]


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--path", action="append", choices=list(STORIES))
    parser.add_argument("--lanes", type=int, required=True)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    configure_logging("crash-points", "error")
    console = Console(highlight=False, soft_wrap=True)
    names = asked.path or list(STORIES)
    with warm(), tempfile.TemporaryDirectory(prefix="italiano-crash-points-") as temporary:
        folder = asked.keep or Path(temporary)
        is_well = asyncio.run(tell_all(names, asked.lanes, folder, console))
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
