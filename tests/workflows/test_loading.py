"""The sandbox loads a workflow's code for each of its runs: it is compiled once for all of them."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

from tests.deadline import LONGEST_SECONDS, eventually
from tests.free_port import free_port
from tests.lives import World

ROOT = Path(__file__).parents[2]
FORBIDDEN = {"PYTHONDONTWRITEBYTECODE": "1"}
"""As images of Python are often set up."""


async def test_a_worker_keeps_what_it_compiles_of_its_workflows_though_it_is_told_not_to(
    world: World, tmp_path: Path
) -> None:
    own = tmp_path / "workflows"  # where it is run, Python looks first
    shutil.copytree(ROOT / "workflows", own, ignore=shutil.ignore_patterns("__pycache__"))
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "worker"),
        env={**os.environ, **world.stack.environment, "WORKER_METRICS_PORT": str(free_port()), **FORBIDDEN},
        cwd=tmp_path,
        stdout=asyncio.subprocess.DEVNULL,
    )

    async def kept() -> bool:
        return any(own.glob("__pycache__/bookkeeping.*.pyc"))

    try:
        await eventually(kept)
    finally:
        worker.terminate()
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                exit_code = await worker.wait()
        finally:
            if worker.returncode is None:
                worker.kill()  # it would take the work of every later test
    assert exit_code == 0
