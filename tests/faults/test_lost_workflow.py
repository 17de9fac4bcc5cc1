"""A workflow that somebody terminated is started again from its row, and nothing is charged or lost twice."""

from datetime import timedelta

from temporalio.client import WorkflowExecutionStatus

from tests.deadline import eventually
from tests.lives import Life, World


async def is_running(world: World, life: Life) -> bool:
    described = await world.temporal.get_workflow_handle(life.workflow_id).describe()
    return described.status is WorkflowExecutionStatus.RUNNING


async def test_a_payment_brings_its_workflow_back(world: World) -> None:
    life = await Life.begin(world)
    await world.temporal.get_workflow_handle(life.workflow_id).terminate("by hand")

    await life.pay()

    assert await is_running(world, life)
    await life.post("cancel")
    await life.wait(timedelta(days=31))
    await life.closes()
    book = await life.book()
    assert (book.status, book.invoices, book.timeline) == (
        "canceled",
        ["paid"],
        ["opened", "activated", "cancel_scheduled", "ended"],
    )


async def test_a_command_brings_its_workflow_back(world: World) -> None:
    life = await Life.begin(world)
    await life.pay()
    await world.temporal.get_workflow_handle(life.workflow_id).terminate("by hand")

    lost = await life.student.post(f"/subscriptions/{life.subscription_id}/cancel")

    assert (lost.status_code, lost.json()["code"]) == (503, "workflow_interrupted")

    async def is_canceled() -> bool:
        answer = await life.student.post(f"/subscriptions/{life.subscription_id}/cancel")
        return answer.status_code == 200

    await eventually(is_canceled)
    assert await is_running(world, life)
    assert (await life.book()).timeline == ["opened", "activated", "cancel_scheduled"]


async def test_a_command_that_comes_after_a_due_step_finds_it_done(world: World) -> None:
    """The period is over before the worker is back: canceling now does not move the end."""
    life = await Life.begin(world)
    await life.pay()
    await life.post("cancel")
    workflow = world.temporal.get_workflow_handle(life.workflow_id)
    await life.wait(timedelta(days=31))
    await life.closes()

    answer = await life.student.post(
        f"/subscriptions/{life.subscription_id}/cancel", {"at_period_end": False}
    )

    assert answer.json()["ended_at"] == answer.json()["current_period_end"]
    assert (await workflow.describe()).status is WorkflowExecutionStatus.COMPLETED
