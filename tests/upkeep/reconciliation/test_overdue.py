"""What waits for too long is put on its way again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.client import Client, WorkflowExecutionStatus

from tests.at_rest import state_of
from tests.deadline import eventually
from tests.lives import Life, World
from tests.upkeep.live_statuses import books_agree, charges
from tests.upkeep.reach import reach_of
from tests.upkeep.reconciliation.looking import behind_its_back, is_found, is_mended, payment_ids
from worker.schedules import keep_schedules
from workflows.options import UPKEEP_QUEUE
from workflows.refund import refund_workflow_id
from workflows.schedules import Routine

MOVED = "UPDATE subscriptions SET next_action_at = next_action_at + :by WHERE id = :id"
OLD_REFUND = "UPDATE refunds SET recorded_at = now() - interval '2 days' WHERE id = :refund"


async def change(life: Life, statement: str, **parameters: Any) -> None:
    async with behind_its_back(life.world.database) as connection:
        await connection.execute(text(statement), {"id": life.subscription_id} | parameters)


async def test_a_report_that_lies_in_the_inbox(world: World) -> None:
    """It was to be delivered in an hour."""
    life = await Life.begin(world)
    [payment_id] = await payment_ids(life)
    lying = (
        "INSERT INTO webhook_inbox (provider, fact_key, payment_id, reported_status, raw_body, trace_id,"
        " status, received_at, next_delivery_at, deliveries) VALUES ('mock', :key, :payment_id, 'SUCCEEDED',"
        " '', '', 'received', now() - interval '11 minutes', now() + interval '1 hour', 9) RETURNING id"
    )
    async with world.database.transaction() as connection:
        parameters = {"key": f"fact:{payment_id}", "payment_id": int(payment_id)}
        report_id = str((await connection.execute(text(lying), parameters)).scalar_one())

    async with reach_of(world) as reach:
        await is_mended(reach, await is_found(reach, "a_report_waits_to_be_applied", report_id))

    await life.becomes("active")


async def test_a_step_that_a_workflow_does_not_know_of(world: World) -> None:
    """It waits for another date than its row has: it begins anew from there, and charges nothing."""
    life = await Life.begin(world, card="tok_ok")
    await life.becomes("active")
    elapsed = timedelta(days=31)
    state = await state_of(life)
    await change(life, MOVED, by=-elapsed)

    async with reach_of(world, life) as reach:
        finding = await is_found(reach, "a_due_step_was_not_taken", str(life.subscription_id))
        await change(life, MOVED, by=elapsed)
        await is_mended(reach, finding)

    assert await state_of(life) == state
    await books_agree(life)
    assert await charges(life) == ("succeeded",)


async def test_a_refund_whose_workflow_was_terminated(world: World) -> None:
    life = await Life.begin(world, card="tok_ok")
    await life.becomes("active")
    async with reach_of(world) as reach:
        await world.stack.psp.outage(on=True)
        try:
            await life.post("withdraw")
            [refund_id] = await eventually(lambda: refund_ids(life))
            refund = world.temporal.get_workflow_handle(refund_workflow_id(int(refund_id)))
            await eventually(lambda: is_running(refund))
            await refund.terminate("by hand")
            await change(life, OLD_REFUND, refund=int(refund_id))
            # While the provider is away: a call that is still under way would be answered when it is back.
            finding = await is_found(reach, "a_refund_is_left_open", refund_id)
        finally:
            await world.stack.psp.outage(on=False)
        await is_mended(reach, finding)

    [charge] = await world.stack.psp.charges(life.subscription_id)
    assert charge["refunded_cents"] == charge["amount_cents"]


async def is_running(workflow: Any) -> bool:
    return (await workflow.describe()).status is WorkflowExecutionStatus.RUNNING


async def refund_ids(life: Life) -> list[str]:
    query = (
        "SELECT r.id FROM refunds r JOIN payments p ON p.id = r.payment_id"
        " JOIN invoices i ON i.id = p.invoice_id WHERE i.subscription_id = :id"
    )
    async with life.world.database.read() as connection:
        rows = (await connection.execute(text(query), {"id": life.subscription_id})).scalars()
        return [str(refund_id) for refund_id in rows]


@pytest.mark.parametrize("end", ["terminate", "cancel"])
async def test_the_schedule_finds_what_was_ended_by_hand(world: World, temporal: Client, end: str) -> None:
    """Nobody asks for it, and nobody reports anything."""
    life = await Life.begin(world)
    await life.pay()
    workflow = temporal.get_workflow_handle(life.workflow_id)
    first_run = await life.run_id()
    name = f"find-lost-{life.subscription_id}"
    routine = Routine(name, "FindLostWorkflows", UPKEEP_QUEUE, timedelta(seconds=1), "in a test")
    await keep_schedules(temporal, [routine, routine])
    try:
        await (workflow.terminate() if end == "terminate" else workflow.cancel())

        async def runs_again() -> bool:
            return await is_running(workflow) and await life.run_id() != first_run

        await eventually(runs_again)
    finally:
        await temporal.get_schedule_handle(name).delete()
    assert (await life.post("cancel")).is_success
