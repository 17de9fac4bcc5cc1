"""A workflow that somebody terminated is started again from its row, and nothing is charged or lost twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from temporalio.client import WorkflowExecutionStatus

from activities.contracts import Cause
from activities.recording import write_change
from db.queries import subscriptions
from domain import awaiting
from domain.due import Step
from tests.at_rest import RPC_TIMEOUT, comes_to_rest, state_of
from tests.client import refusal
from tests.deadline import eventually
from tests.faults.conftest import Fragile
from tests.lives import Life, World
from tests.races.commands import DONE, cancel, card, command
from tests.races.lives import begin_with_card, passes, waits_for_confirmation
from tests.upkeep.by_hand import terminate
from upkeep.lost_workflows import LostWorkflows
from workflows.options import PLAN_CODE, SUBSCRIPTION_ID, USER_ID

BY_HAND = Cause("system", "by hand", "0" * 32)


async def is_running(world: World, life: Life) -> bool:
    described = await world.temporal.get_workflow_handle(life.workflow_id).describe()
    return described.status is WorkflowExecutionStatus.RUNNING


async def found_by(life: Life) -> tuple[str | None, ...]:
    """What operators look for a workflow by."""
    attributes = (
        await life.world.temporal.get_workflow_handle(life.workflow_id).describe()
    ).typed_search_attributes
    return tuple(attributes.get(key) for key in (PLAN_CODE, USER_ID, SUBSCRIPTION_ID))


async def test_a_payment_brings_its_workflow_back(world: World) -> None:
    life = await Life.begin(world)
    await terminate(life)

    await life.pay()

    assert await is_running(world, life)
    assert await found_by(life) == ("P30D", str(life.student.id), str(life.subscription_id))
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
    await terminate(life)

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


@asynccontextmanager
async def lost_while_charged(fragile: Fragile) -> AsyncIterator[Life]:
    """Charged by its provider, which does not report it; canceled before that was heard; then terminated."""
    life = await Life.begin(fragile.world)
    await fragile.stack.psp.webhooks(muted=True)
    gate = fragile.gates.close("charge_answered", life.workflow_id)
    invoice_id = (await state_of(life)).unpaid_invoice.invoice_id
    method = {"payment_method": {"provider": "sandbox", "token": card()}}
    paying = asyncio.create_task(life.student.post(f"/invoices/{invoice_id}/pay", method))
    try:
        await gate.is_reached()
        assert await cancel(life, at_period_end=False) == DONE
        await terminate(life)
        state = await state_of(life)
        assert (state.has_ended, state.is_charging) == (True, True)
        yield life
    finally:
        gate.open()
        await paying
        await fragile.stack.psp.webhooks()


async def ran(life: Life, times: int) -> bool:
    found = await life.world.temporal.count_workflows(f"WorkflowId = '{life.workflow_id}'")
    return found.count == times


async def the_charge_stood(life: Life) -> None:
    """And its workflow, started again once, has completed."""
    await life.closes()
    await comes_to_rest(life)
    book = await life.book()
    assert (book.status, book.invoices, book.timeline[-1]) == ("canceled", ["paid"], "charge_stood")
    charges = await life.world.stack.psp.charges(life.subscription_id)
    assert [(charge["status"], charge["refunded_cents"]) for charge in charges] == [("succeeded", 0)]

    await eventually(lambda: ran(life, 2))


async def test_a_report_brings_back_what_has_ended_with_a_charge_under_way(fragile: Fragile) -> None:
    async with lost_while_charged(fragile) as life:
        attempt = (await state_of(life)).attempt
        assert attempt is not None
        life.payment_id = attempt.payment_id

        await life.report("SUCCEEDED", provider="sandbox")

        await the_charge_stood(life)


async def test_a_command_brings_it_back_too_and_is_answered_as_ever(fragile: Fragile) -> None:
    async with lost_while_charged(fragile) as life:
        assert await command(life, "freeze") == "freeze_only_from_active"
        assert await cancel(life, at_period_end=False) == DONE
        await the_charge_stood(life)
        assert await cancel(life, at_period_end=False) == DONE
        assert await ran(life, 2), "what is finished stays so"


async def test_two_who_bring_it_back_at_once_bring_back_one(fragile: Fragile) -> None:
    async with lost_while_charged(fragile) as life:
        gate = fragile.gates.close("collect_payment", life.workflow_id)
        lost = LostWorkflows(life.world.database, life.world.temporal, RPC_TIMEOUT)
        assert await asyncio.gather(*(lost.revive(life.workflow_id) for _ in range(2))) == [True, True]
        await gate.is_reached()
        gate.open()
        await the_charge_stood(life)
        assert await lost.revive(life.workflow_id) is False


async def test_whoever_comes_late_with_the_row_of_before_changes_nothing(fragile: Fragile) -> None:
    """What it starts, when all was done meanwhile, finds it done."""
    async with lost_while_charged(fragile) as life:
        lost = LostWorkflows(life.world.database, life.world.temporal, RPC_TIMEOUT)
        async with life.world.database.read() as connection:
            of_before = await subscriptions.find_by_workflow(connection, life.workflow_id)
        assert of_before is not None
        assert await lost.revive(life.workflow_id)
        await the_charge_stood(life)
        done = await life.book()

        await lost._start(life.workflow_id, of_before, None)

        await eventually(lambda: ran(life, 3))
        await life.closes()
        await comes_to_rest(life)
        assert await life.book() == done
        assert len(await life.world.stack.psp.charges(life.subscription_id)) == 1


async def test_what_was_parked_after_its_end_can_be_unparked(fragile: Fragile) -> None:
    async with lost_while_charged(fragile) as life:
        await park(life)
        path, key = f"/admin/subscriptions/{life.subscription_id}/unpark", "a" * 32
        reason = {"reason": "the provider knows by now"}

        assert refusal(await fragile.admin.post(path, reason, key=key)) == (503, "workflow_interrupted")

        async def is_unparked() -> bool:
            return (await fragile.admin.post(path, reason, key=key)).status_code == 200

        await eventually(is_unparked)
        await life.is_quiet()
        await passes(life, Step.LOOK_UP_PAYMENT)
        await the_charge_stood(life)


async def park(life: Life) -> None:
    """As when its provider gave no answer first, and then one that nobody understands."""
    for judge in (awaiting.unknown, awaiting.rejected):
        async with life.world.database.transaction() as connection:
            state = await state_of(life)
            assert state.attempt is not None
            now = datetime.now(UTC)
            change = judge(state, state.attempt.payment_id, now)
            assert change is not None
            await write_change(connection, state, change, BY_HAND, now)


async def test_a_payment_that_was_to_be_withdrawn_is_looked_after(fragile: Fragile) -> None:
    """The customer confirms after all: the report brings the workflow back, and the money goes back."""
    life = await begin_with_card(fragile.world, "tok_3ds", becomes="incomplete")
    charge = await waits_for_confirmation(life)
    gate = fragile.gates.close("withdraw_payment", life.workflow_id)
    assert await cancel(life, at_period_end=False) == DONE
    await gate.is_reached()
    await terminate(life)

    await fragile.stack.psp.complete_action(charge["id"], "succeeded")

    await life.closes()
    gate.open()
    await comes_to_rest(life)
    book = await life.book()
    assert (book.invoices, book.timeline[-3:]) == (
        ["void"],
        ["late_payment_received", "refund_opened", "refunded"],
    )
    await eventually(lambda: ran(life, 2))
