"""A replay records nothing, and does what was recorded, whether spans are recorded or not."""

from temporalio.worker import Replayer

from tests.ops.recording import recording
from tests.replay.recorded_histories import recorded
from worker.registry import WORKFLOWS
from worker.sandbox import sandboxed_runner
from worker.tracing import Tracing

RECORDED = recorded()


async def test_every_recorded_history_replays_with_tracing_on_and_leaves_no_span() -> None:
    replayer = Replayer(workflows=WORKFLOWS, workflow_runner=sandboxed_runner(), interceptors=[Tracing()])

    with recording() as kept:
        for history in RECORDED.values():
            await replayer.replay_workflow(history)

    assert RECORDED
    assert kept.get_finished_spans() == ()
