"""`python -m tests.crash_points`: what `italiano crash-points` runs."""

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console

from ops.logging import configure_logging
from tests.chaos.__main__ import warm
from tests.crash_points.ground import Ground, ground_in
from tests.crash_points.run import Death, Known, die_at, get_to_know
from tests.crash_points.stories import STORIES


async def tell_all(names: Sequence[str], lanes: int, folder: Path, console: Console) -> list[Death]:
    async with AsyncExitStack() as grounds:
        lanes_ = [await grounds.enter_async_context(ground_in(folder / f"lane-{n}")) for n in range(lanes)]
        deaths = []
        for name in names:
            began = time.monotonic()
            known = await get_to_know(lanes_[0], STORIES[name])
            of_story = await _die_everywhere(lanes_, name, known)
            deaths += of_story
            wrong = sum(bool(death.wrong) for death in of_story)
            console.print(f"{name}: {len(of_story)} points, {wrong} wrong, {time.monotonic() - began:.0f} s")
            for death in of_story:
                for told in death.wrong:
                    console.print(f"VIOLATION {death.point}: {told}", markup=False, soft_wrap=True)
        return deaths


async def _die_everywhere(lanes: Sequence[Ground], name: str, known: Known) -> list[Death]:
    waiting = list(reversed(known.points))
    deaths: list[Death] = []

    async def work(ground: Ground) -> None:
        while waiting:
            deaths.append(await die_at(ground, name, STORIES[name], known, waiting.pop()))

    await asyncio.gather(*map(work, lanes))
    return deaths


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--path", action="append", choices=list(STORIES))
    parser.add_argument("--lanes", type=int, default=4)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    console = Console(highlight=False)
    configure_logging("crash-points", "error")
    with warm(), tempfile.TemporaryDirectory(prefix="italiano-crash-points-") as temporary:
        folder = asked.keep or Path(temporary)
        deaths = asyncio.run(tell_all(asked.path or list(STORIES), asked.lanes, folder, console))
    return int(any(death.wrong for death in deaths))


if __name__ == "__main__":
    sys.exit(main())
