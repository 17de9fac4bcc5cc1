"""Records the histories of shapes that have none yet, on engines of its own: `python -m tests.replay.record`.

An existing file is frozen: it is never written again, nor deleted (docs/changing-a-workflow.md).
"""

import asyncio
import tempfile
from pathlib import Path

import httpx2
from temporalio.client import Client

from db.database import Database
from db.migrate import upgrade
from tests.lives import World
from tests.replay.recorded_histories import FOLDER, fetch_runs, store
from tests.replay.shapes import SHAPES
from tests.stack import PrivateStack


async def record_new_shapes(world: World) -> None:
    for shape in SHAPES:
        if (FOLDER / f"{shape.__name__}-1.json").exists():
            continue
        for number, run in enumerate(await fetch_runs(world.temporal, await shape(world)), start=1):
            store(f"{shape.__name__}-{number}", run)


async def main(folder: Path) -> None:
    stack = PrivateStack(folder, {})
    try:
        await asyncio.gather(stack.start_postgres(), stack.start_temporal())
        await asyncio.to_thread(upgrade, await stack.postgres.create_database("italiano"))
        await asyncio.gather(stack.start_psp(), stack.start_api(), stack.start_worker())
        database = Database.from_settings(stack.settings)
        temporal = await Client.connect(stack.temporal_address)
        async with httpx2.AsyncClient(base_url=stack.api_url, timeout=90) as http:
            await record_new_shapes(World(stack, http, temporal, database))
        await database.close()
    finally:
        await stack.stop()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        asyncio.run(main(Path(temporary)))
