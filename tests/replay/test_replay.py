"""The workflow's code against histories that were recorded with earlier versions of it."""

import pytest
from temporalio.client import WorkflowHistory

from tests.lives import World
from tests.replay.recorded_histories import CHECKSUMS, FOLDER, checksum, commands, fetch_runs, recorded
from tests.replay.shapes import SHAPES, Shape
from worker.replay_gate import replayer

RECORDED = recorded()

LESSON = """
The workflow now gives other commands than the recorded history of this shape. Subscriptions that are running
would fail to replay, or go another way than before. Either undo it, or put the change behind
`workflow.patched(...)` and add the new shape beside the old one: docs/changing-a-workflow.md says how.
"""


@pytest.mark.parametrize("name", RECORDED)
async def test_the_code_replays_what_was_recorded(name: str) -> None:
    await replayer().replay_workflow(RECORDED[name])


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
async def test_the_code_still_gives_the_same_commands(world: World, shape: Shape) -> None:
    """The fingerprint: replay alone accepts a command that is new at the end of a history."""
    runs = await fetch_runs(world.temporal, await shape(world))

    for number, run in enumerate(runs, start=1):
        assert commands(run) == commands(RECORDED[f"{shape.__name__}-{number}"]), LESSON


def test_what_is_recorded_is_frozen() -> None:
    """Each file stands for subscriptions that are running: none is changed, renamed or deleted."""
    present = [f"{checksum(file)}  {file.name}" for file in FOLDER.glob("*.json")]

    assert sorted(present) == sorted(CHECKSUMS.read_text().splitlines())


async def test_a_change_of_order_would_be_noticed() -> None:
    """The replay can fail: here a history claims that the timer came first."""
    tampered = RECORDED["never_paid-1"].to_json().replace("open_subscription", "record_subscription")

    with pytest.raises(Exception, match="TMPRL1100"):
        await replayer().replay_workflow(WorkflowHistory.from_json("tampered", tampered))
