"""A worker dies in the middle of a change of plan: one invoice, one charge, and the plan is another one."""

import asyncio
import uuid

import pytest

from domain.due import Step
from tests.at_rest import comes_to_rest
from tests.deadline import eventually
from tests.faults.conftest import Fragile
from tests.plans import plan_on_sale
from tests.races.lives import begin_with_card, passes

LONG = 60


@pytest.mark.parametrize(
    "steps",
    [("open_plan_change", "charge"), ("open_plan_change_done", "charge_answered"), ("collect_payment_done",)],
)
async def test_a_worker_killed_at_any_step_changes_the_plan_once(
    fragile: Fragile, steps: tuple[str, ...]
) -> None:
    async with plan_on_sale(fragile.admin, "P30D", price_cents=3_990) as dear:
        life = await begin_with_card(fragile.world)
        for step in steps:
            fragile.gates.mine(step, life.workflow_id)
        path = f"/subscriptions/{life.subscription_id}/change-plan"
        key = uuid.uuid4().hex
        changing = asyncio.create_task(life.student.post(path, {"plan_code": dear}, key=key))
        for _ in steps:
            await fragile.worker_dies()
        await changing

        async def is_answered() -> bool:
            again = await life.student.post(path, {"plan_code": dear}, key=key)
            return again.status_code in {200, 202}

        await eventually(is_answered, timeout=LONG)

    state = await comes_to_rest(life, patience=LONG)
    while state.is_charging:
        await passes(life, Step.LOOK_UP_PAYMENT)
        state = await comes_to_rest(life, patience=LONG)
    charges = await fragile.stack.psp.charges(life.subscription_id)
    assert (state.plan.code, (await life.book()).invoices) == (dear, ["paid", "paid"])
    assert [(charge["amount_cents"], charge["status"]) for charge in charges] == [
        (1_990, "succeeded"),
        (2_000, "succeeded"),
    ]
