"""A run gives way to the next without losing anything."""

import uuid
from unittest.mock import ANY

import pytest
from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError

from activities.contracts import Cause
from domain.trace_context import HEADER
from tests.deadline import eventually
from tests.lives import Life, World
from workflows.messages import PlainCommand
from workflows.options import RUN_MAX_EVENTS
from workflows.subscription import Subscription

EVENTS_PER_COMMAND = 12
EVENTS_PER_REFUSAL = 5


async def test_a_long_run_gives_way_to_the_next_and_forgets_nothing(world: World) -> None:
    key = uuid.uuid4().hex
    life = await Life.begin(world, key=key)
    await life.pay()
    workflow = world.temporal.get_workflow_handle(life.workflow_id)
    first_run = (await workflow.describe()).run_id
    answer = (await life.post("cancel")).json()

    for _ in range(RUN_MAX_EVENTS // EVENTS_PER_COMMAND // 2):
        uncanceled = await life.post("uncancel")
        assert uncanceled.status_code == 200, uncanceled.text
        assert (await life.post("cancel")).json() == answer | {"canceled_at": ANY}

    async def has_a_new_run() -> bool:
        return (await workflow.describe()).run_id != first_run

    await eventually(has_a_new_run)
    assert await brought_by(world, life, first_run) == await brought_by(world, life, await life.run_id())
    replay = await life.student.start("P30D", key)
    assert (replay.status_code, replay.headers["Idempotency-Replayed"]) == (201, "true")
    await life.report("FAILED")  # a signal reaches the new run
    await life.applies_reports(2)
    assert (await life.post("uncancel")).json()["cancel_at_period_end"] is False
    assert (await life.book()).status == "active"


async def brought_by(world: World, life: Life, run_id: str | None) -> bytes:
    """The trace that a run goes back to."""
    history = await world.temporal.get_workflow_handle(life.workflow_id, run_id=run_id).fetch_history()
    return history.events[0].workflow_execution_started_event_attributes.header.fields[HEADER].data


async def test_commands_that_are_refused_do_not_fill_a_run(world: World) -> None:
    life = await Life.begin(world)
    await life.pay()
    workflow: WorkflowHandle[Subscription, None] = world.temporal.get_workflow_handle(life.workflow_id)
    first_run = await life.run_id()

    for number in range(RUN_MAX_EVENTS // EVENTS_PER_REFUSAL):
        command = PlainCommand(f"refused-{number}", Cause("user:1", "asked for", "trace"))
        with pytest.raises(WorkflowUpdateFailedError):
            await workflow.execute_update(Subscription.uncancel, command)

    async def has_a_new_run() -> bool:
        return await life.run_id() != first_run

    await eventually(has_a_new_run)
    assert (await life.post("cancel")).json()["cancel_at_period_end"] is True
