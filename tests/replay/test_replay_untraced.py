"""A replay records nothing, and does what was recorded, whether spans are recorded or not."""

from collections.abc import AsyncIterator

from temporalio.client import WorkflowHistory

from tests.ops.recording import recording
from tests.replay.recorded_histories import recorded
from worker.replay_gate import replayer

RECORDED = recorded()


async def each_recorded() -> AsyncIterator[WorkflowHistory]:
    for history in RECORDED.values():
        yield history


async def test_every_recorded_history_replays_with_tracing_on_and_leaves_no_span() -> None:
    with recording() as kept:
        replayed = await replayer().replay_workflows(each_recorded(), raise_on_replay_failure=True)

    assert replayed.replay_failures == {}
    assert RECORDED
    assert kept.get_finished_spans() == ()
