"""The least that answers a start synchronously, and that is renewed: what Temporal itself costs."""

from datetime import timedelta

from temporalio import activity, workflow

QUEUE = "bench-bare"
A_PERIOD = timedelta(days=30)


@activity.defn
async def do_nothing() -> int:
    return 1


@workflow.defn(name="BenchBare")
class BareWorkflow:
    def __init__(self) -> None:
        self._answer: int | None = None

    @workflow.run
    async def run(self) -> None:
        self._answer = await workflow.execute_activity(
            do_nothing, start_to_close_timeout=timedelta(seconds=3)
        )
        await workflow.wait_condition(workflow.all_handlers_finished)

    @workflow.update
    async def start(self) -> int:
        await workflow.wait_condition(lambda: self._answer is not None)
        return self._answer or 0


@workflow.defn(name="BenchBareLoop")
class BareLoop:
    def __init__(self) -> None:
        self._heard = 0

    @workflow.signal
    def hear(self) -> None:
        self._heard += 1

    @workflow.query
    def heard(self) -> int:
        return self._heard

    @workflow.run
    async def run(self) -> None:
        while True:
            await workflow.sleep(A_PERIOD)
            await workflow.execute_activity(do_nothing, start_to_close_timeout=timedelta(seconds=3))
