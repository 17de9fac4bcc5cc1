"""Workflows that a subscription's row may lead to when things went wrong."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from temporalio import workflow
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.lives import Life


@workflow.defn(name="Subscription")
class FromBefore:
    """Of a version that cannot be asked."""

    @workflow.run
    async def run(self) -> None:
        await workflow.wait_condition(lambda: False)


@asynccontextmanager
async def one_from_before(life: Life) -> AsyncIterator[str]:
    """Runs one, with a worker of its own; gives its id."""
    temporal, name = life.world.temporal, f"from-before-{uuid.uuid4().hex}"
    async with Worker(
        temporal, task_queue=name, workflows=[FromBefore], workflow_runner=UnsandboxedWorkflowRunner()
    ):
        running = await temporal.start_workflow(FromBefore.run, id=name, task_queue=name)
        yield name
        await running.terminate()


async def lead_to(life: Life, workflow_id: str) -> None:
    """From now on the row names this workflow as the subscription's."""
    async with life.world.database.transaction() as connection:
        await connection.execute(
            text("UPDATE subscriptions SET workflow_id = :workflow_id WHERE id = :id"),
            {"workflow_id": workflow_id, "id": life.subscription_id},
        )
    life.workflow_id = workflow_id
