"""Messages that meet a run as it gives way to the next: none is lost, none is applied twice."""

import asyncio
from collections import Counter

from sqlalchemy import text
from temporalio.client import WorkflowHandle

from tests.at_rest import comes_to_rest
from tests.deadline import eventually
from tests.gates import Gates
from tests.lives import Life, World
from tests.races.commands import DONE, cancel, uncancel
from tests.races.lives import begin_with_card
from workflows.messages import PaymentReported
from workflows.options import RUN_MAX_EVENTS
from workflows.subscription import Subscription

CLIENTS = 6
SIGNAL_SECONDS = 0.3
EVENTS_PER_COMMAND = 8
MOST_COMMANDS = RUN_MAX_EVENTS // EVENTS_PER_COMMAND * 3
HONEST = {DONE, "not_canceling", "workflow_interrupted", "workflow_engine_unavailable"}


async def test_commands_and_reports_survive_a_new_run(world: World, gates: Gates) -> None:
    life = await begin_with_card(world)
    report_id = await report_of(life)
    workflow: WorkflowHandle[Subscription, None] = world.temporal.get_workflow_handle(life.workflow_id)
    first_run = (await workflow.describe()).run_id
    answers: Counter[str] = Counter()
    is_over = asyncio.Event()

    async def change_their_minds() -> None:
        while not is_over.is_set():
            answers[await cancel(life, at_period_end=True)] += 1
            answers[await uncancel(life)] += 1

    async def watch() -> None:
        while (await workflow.describe()).run_id == first_run:
            assert answers.total() < MOST_COMMANDS, "no new run came"
            await workflow.signal(Subscription.payment_reported, PaymentReported(report_id))
            await asyncio.sleep(SIGNAL_SECONDS)
        is_over.set()

    await asyncio.gather(*(change_their_minds() for _ in range(CLIENTS)), watch())

    await comes_to_rest(life)
    assert set(answers) <= HONEST
    assert answers[DONE] > CLIENTS


async def report_of(life: Life) -> int:
    """The provider's report of the first payment, which is applied."""

    async def arrived() -> int | None:
        async with life.world.database.read() as connection:
            query = text("SELECT id FROM webhook_inbox WHERE payment_id = :id")
            return (await connection.execute(query, {"id": life.payment_id})).scalar_one_or_none()

    return await eventually(arrived) or 0
