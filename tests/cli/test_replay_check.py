"""`italiano replay-check`, the gate in front of a release: on what is recorded, and on what is open.

What would be deployed is this code with one line changed, in a folder that Python looks into first.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cli.replay_check import check_replays
from tests.free_port import free_port
from tests.lives import Life, World
from tests.replay.recorded_histories import FOLDER
from worker.registry import WORKFLOWS

ROOT = Path(__file__).parents[2]
SUBSCRIPTION = "workflows/subscription.py"
OPENING = "        await self._wait_for_the_start()\n        at ="
SHOWING = "summary=self._order.plan_code"

Done = subprocess.CompletedProcess[str]


def changed(folder: Path, old: str, new: str) -> Path:
    """This code, but for one line of the subscription's workflow."""
    shutil.copytree(ROOT / "workflows", folder / "workflows", ignore=shutil.ignore_patterns("__pycache__"))
    source = (folder / SUBSCRIPTION).read_text()
    assert source.count(old) == 1
    (folder / SUBSCRIPTION).write_text(source.replace(old, new))
    return folder


async def check(code: Path, *arguments: str | Path, address: str = "") -> Done:
    """Where it is run, Python looks first."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "cli.main", "replay-check", *arguments],
        env={**os.environ, "TEMPORAL_ADDRESS": address, "TEMPORAL_CONFIG_FILE": os.devnull},
        cwd=code,
        capture_output=True,
        text=True,
        check=False,
    )


async def check_running(code: Path, life: Life) -> tuple[int, Any]:
    """Only that one: others share the namespace."""
    done = await check(
        code,
        *("--from-namespace", "--limit", "5", "--query", f"WorkflowId = '{life.workflow_id}'", "--json"),
        address=life.world.stack.temporal_address,
    )
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
async def life(world: World) -> Life:
    life = await Life.begin(world)
    await life.pay()
    return life


async def test_what_is_open_is_replayed_by_the_code_as_it_is_and_by_a_good_change(
    life: Life, tmp_path: Path
) -> None:
    good = changed(tmp_path, SHOWING, 'summary=f"opened: {self._order.plan_code}"')

    told = await asyncio.gather(check_running(ROOT, life), check_running(good, life))

    assert list(told) == [(0, {"replayed": {"Subscription": 1}, "failures": []})] * 2


@pytest.mark.parametrize(
    ("first", "sign"),
    [
        ("await workflow.sleep(1)", "TMPRL1100"),
        ('raise RuntimeError("not thought through")', "not thought through"),
    ],
    ids=["another order", "a bug"],
)
async def test_a_wrong_change_is_caught_on_what_is_open(
    life: Life, tmp_path: Path, first: str, sign: str
) -> None:
    wrong = changed(tmp_path, OPENING, f"        {first}\n{OPENING}")

    exit_code, told = await check_running(wrong, life)

    [failure] = told["failures"]
    assert exit_code == 1
    assert (failure["workflow_type"], failure["workflow_id"]) == ("Subscription", life.workflow_id)
    assert sign in failure["failure"]


async def test_a_wrong_change_is_caught_on_recorded_histories(tmp_path: Path) -> None:
    """What it does not touch is replayed all the same."""
    wrong = changed(tmp_path / "code", OPENING, f"        await workflow.sleep(1)\n{OPENING}")
    few = tmp_path / "histories"
    few.mkdir()
    for name in ("never_paid-1", "refunded-1"):
        shutil.copy(FOLDER / f"{name}.json", few)

    done = await check(wrong, few)

    *counted, failure, verdict = done.stdout.splitlines()
    assert (done.returncode, counted) == (1, ["Refund: 1 replayed", "Subscription: 1 replayed"]), done.stderr
    assert failure.startswith("FAIL Subscription never_paid-1: NondeterminismError: [TMPRL1100]")
    assert verdict == "1 of 2 would stand still with this code: do not deploy it."


async def test_a_gate_that_could_not_look_is_not_open() -> None:
    done = await check(ROOT, "--from-namespace", address=f"127.0.0.1:{free_port()}")

    assert (done.returncode, done.stderr.partition(": ")[0]) == (1, "FAIL Temporal cannot be asked")


def test_a_gate_that_looks_at_nothing_is_not_open(tmp_path: Path) -> None:
    for folder, why in ((None, "name a folder of histories"), (tmp_path, "there is no history")):
        with pytest.raises(SystemExit, match=f"FAIL {why}"):
            check_replays(folder, from_namespace=False, limit=1, query="", as_json=False)


def test_a_workflow_is_listed_by_the_name_of_its_class() -> None:
    names = [vars(workflow)["__temporal_workflow_definition"].name for workflow in WORKFLOWS]

    assert names == [workflow.__name__ for workflow in WORKFLOWS]
