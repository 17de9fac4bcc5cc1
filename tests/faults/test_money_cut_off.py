"""Refunds and payments by hand, cut off in the middle: the money moves once."""

import uuid

import httpx2
import pytest
from sqlalchemy import text

from tests.at_rest import comes_to_rest, state_of
from tests.deadline import eventually
from tests.faults.conftest import Fragile
from tests.faults.replica import replica_that_dies_at
from tests.lives import World
from tests.races.commands import DONE, cancel
from tests.races.lives import begin_with_card, past_due, waits_for_confirmation
from workflows.refund import refund_workflow_id

LONG = 60


async def next_refund_id(world: World) -> int:
    """From the sequence itself: a refund that was there already has taken a number too."""
    async with world.database.read() as connection:
        query = text("SELECT last_value + is_called::int FROM refunds_id_seq")
        return int((await connection.execute(query)).scalar_one())


async def test_a_refund_whose_worker_dies_is_sent_once(fragile: Fragile) -> None:
    """Killed when the provider has answered, before that is settled."""
    world, psp = fragile.world, fragile.stack.psp
    life = await begin_with_card(world, "tok_3ds", becomes="incomplete")
    charge = await waits_for_confirmation(life)
    gate = fragile.gates.close("withdraw_payment", life.workflow_id)
    assert await cancel(life, at_period_end=False) == DONE
    await gate.is_reached()
    await psp.complete_action(charge["id"], "succeeded")
    refund = refund_workflow_id(await next_refund_id(world))
    fragile.gates.mine("refund_answered", refund)
    gate.open()

    await fragile.worker_dies()

    await comes_to_rest(life, patience=LONG)
    [returned] = await psp.charges(life.subscription_id)
    assert returned["refunded_cents"] == returned["amount_cents"]
    assert (await life.book()).timeline[-3:] == ["late_payment_received", "refund_opened", "refunded"]


async def test_a_payment_by_hand_whose_answer_was_never_kept_is_one_charge(world: World) -> None:
    life = await past_due(world)
    path = f"/invoices/{(await state_of(life)).unpaid_invoice.invoice_id}/pay"
    key = uuid.uuid4().hex
    async with replica_that_dies_at(world.stack, "command_done") as replica:
        with pytest.raises(httpx2.TransportError):
            await replica.as_student(life.student).post(path, key=key)

    async def is_answered() -> bool:
        return (await life.student.post(path, key=key)).status_code == 200

    await eventually(is_answered)
    await comes_to_rest(life)
    charges = await world.stack.psp.charges(life.subscription_id)
    assert [charge["status"] for charge in charges] == ["succeeded", "failed", "succeeded"]
    assert (await life.book()).status == "active"
