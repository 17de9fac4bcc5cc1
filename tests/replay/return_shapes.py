"""The shapes of money that goes back: withdrawn from, given back by staff, taken by a bank, come too late."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.contracts import Cause, OpenRefund
from api.open_refund import Opening, RefundOpener
from api.problems import Problem
from tests.client import send_webhook
from tests.deadline import eventually
from tests.lives import Life, World
from tests.purse import give_gift_card
from tests.replay.renewal_shapes import admin_of, paid_by_card
from tests.scenarios.lived import Lived
from workflows.messages import RefundLife
from workflows.refund import staff_refund_workflow_id

PRICE = 1_990
SURPLUS = 400
PATIENCE = timedelta(seconds=20)
WHY = {"reason": "the lessons did not load"}


async def withdrawn(world: World) -> str:
    return (await _withdrawn(world)).life.workflow_id


async def refunded(world: World) -> str:
    return await _closed(world, "Refund", (await _withdrawn(world)).life.subscription_id)


async def charged_back(world: World) -> str:
    """Parked over its renewal, then unparked."""
    async with paid_by_card(world) as lived:
        await _report_chargeback(lived)
        await lived.until_day(31)
        await _unpark(lived)
        await lived.until_day(32)
    return lived.life.workflow_id


async def charged_back_while_frozen(world: World) -> str:
    """Parked over its freeze's end, then unparked: the whole time moves what is paid."""
    async with paid_by_card(world) as lived:
        await lived.life.post("freeze", {"until": (lived.began_at + timedelta(days=10)).isoformat()})
        await _report_chargeback(lived)
        await lived.until_day(40)
        await _unpark(lived)
        await lived.until_day(41)
    return lived.life.workflow_id


async def invoice_refunded(world: World) -> str:
    """Paid by card and from a balance: each gets its part."""
    earlier = await Life.begin(world)
    await earlier.report(amount_cents=PRICE + SURPLUS)
    await earlier.becomes("active")
    await earlier.post("cancel", {"at_period_end": False})
    await earlier.closes()
    async with paid_by_card(world, student=earlier.student) as lived:
        newest, *_ = (await lived.life.student.get("/invoices")).json()["items"]
        answer = await lived.admin.post(f"/admin/invoices/{newest['id']}/refund", WHY)
        assert (answer.json()["card_cents"], answer.json()["balance_cents"]) == (PRICE - SURPLUS, SURPLUS)
        return await _closed(world, "Refund", lived.life.subscription_id)


async def gift_invoice_refunded(world: World) -> str:
    """Nothing of it goes to a card: no provider is asked."""
    earlier = await Life.begin(world)
    await give_gift_card(world.database, earlier.student.id, PRICE, datetime.now(UTC))
    started = (await earlier.student.start()).json()
    path = f"/admin/invoices/{started['invoice_id']}/refund"
    assert (await (await admin_of(world)).post(path, WHY)).is_success
    return await _closed(world, "Refund", started["subscription_id"])


async def refund_failed(world: World) -> str:
    """The bank was faster, which the product has not been told: the provider refuses."""
    async with paid_by_card(world) as lived:
        [charge] = await world.stack.psp.charges(lived.life.subscription_id)
        await world.stack.psp.charge_back(charge["id"])
        path = f"/admin/payments/{lived.life.payment_id}/refund"
        assert (await lived.admin.post(path, WHY)).is_success
        return await _closed(world, "Refund", lived.life.subscription_id)


async def refund_refused(world: World) -> str:
    """The bank was faster, which the product is told between the look of the API and the first activity."""
    async with paid_by_card(world) as lived:
        await _report_chargeback(lived)
        opening = _refund_of(lived.life)
        with pytest.raises(Problem, match="refund_exceeds_payment"):
            await RefundOpener(world.temporal, PATIENCE).open(opening)
        return await _closed(world, "Refund", lived.life.subscription_id)


async def paid_too_late(world: World) -> str:
    life = await Life.begin(world)
    await life.wait(timedelta(days=1))
    await life.closes()
    await life.report()
    return await _closed(world, "LatePayment", life.subscription_id)


async def _withdrawn(world: World) -> Lived:
    async with paid_by_card(world) as lived:
        assert (await lived.life.post("withdraw")).is_success
    return lived


async def _unpark(lived: Lived) -> None:
    path = f"/admin/subscriptions/{lived.life.subscription_id}/unpark"
    assert (await lived.admin.post(path, WHY)).is_success


async def _report_chargeback(lived: Lived) -> None:
    """As the bank's word comes, of all that was paid."""
    life = lived.life
    secret, told = life.world.stack.webhook_secret, {"provider": "sandbox"}
    answer = await send_webhook(life.world.http, secret, life.payment_id, "CHARGEBACK", **told)
    assert answer.is_success

    async def is_parked() -> bool:
        return (await life.book()).timeline[-1] == "parked"

    await eventually(is_parked)
    await life.is_quiet()


def _refund_of(life: Life) -> Opening:
    def life_at(at: datetime) -> RefundLife:
        cause = Cause(f"user:{life.student.id}", WHY["reason"], "trace")
        return RefundLife(at, order=OpenRefund(life.payment_id, "faster", None, cause, at))

    return Opening(
        workflow_id=staff_refund_workflow_id(life.payment_id, "faster"),
        summary=f"refund of payment {life.payment_id}",
        subscription_id=life.subscription_id,
        clock_offset=timedelta(),
        life_at=life_at,
    )


async def _closed(world: World, kind: str, subscription_id: int) -> str:
    """The id of the only workflow of its kind about that subscription, once it has closed."""
    query = (
        f"WorkflowType = '{kind}' AND SubscriptionId = '{subscription_id}' AND ExecutionStatus != 'Running'"
    )

    async def found() -> list[str]:
        return [workflow.id async for workflow in world.temporal.list_workflows(query)]

    [workflow_id] = await eventually(found)
    return workflow_id
