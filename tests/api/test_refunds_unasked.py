"""Money that goes back by itself: what comes too late, and what is withdrawn from."""

from datetime import timedelta
from typing import Any

from tests.client import Student
from tests.deadline import eventually
from tests.lives import Life, World
from workflows.options import PARKED, SUBSCRIPTION_ID
from workflows.refund import refund_workflow_id

PRICE = 1_990


async def charged(life: Life) -> list[tuple[str, int]]:
    """What the provider charged, and gave back of it."""
    charges = await life.world.stack.psp.charges(life.subscription_id)
    return [(charge["status"], charge["refunded_cents"]) for charge in charges]


async def begin_unconfirmed(world: World) -> tuple[Life, str]:
    """Its payer is asked to confirm, and has not yet. With the provider's name for the charge."""
    life = await Life.begin(world, card="tok_3ds")

    async def is_pending() -> str | None:
        charges = await world.stack.psp.charges(life.subscription_id)
        return next((charge["id"] for charge in charges if charge["status"] == "pending"), None)

    reference = await eventually(is_pending)
    assert reference is not None
    await life.is_quiet()
    return life, reference


async def confirm_unheard(world: World, reference: str) -> None:
    """The payer confirms, and no report of it ever comes."""
    psp = world.stack.psp
    await psp.webhooks(muted=True)
    try:
        await psp.complete_action(reference, "succeeded")
    finally:
        await psp.webhooks()


async def goes_back(life: Life, status: str, ended: str) -> None:
    async def is_back() -> bool:
        book = await life.book()
        assert book.status == status
        assert book.timeline[-1] == "refunded"
        return True

    await eventually(is_back)
    book = await life.book()
    assert book.timeline[-4:] == [ended, "late_payment_received", "refund_opened", "refunded"]
    assert (book.invoices, book.payments, book.balances) == (["void"], ["succeeded"], {})


async def test_money_that_was_on_its_way_at_the_cancellation(world: World) -> None:
    life, reference = await begin_unconfirmed(world)
    await confirm_unheard(world, reference)
    assert (await life.post("cancel", {"at_period_end": False})).json()["status"] == "canceled"

    await goes_back(life, "canceled", "canceled")
    assert await charged(life) == [("succeeded", PRICE)]
    await life.closes()


async def test_money_that_was_on_its_way_at_the_expiry(world: World) -> None:
    life, reference = await begin_unconfirmed(world)
    await life.wait(timedelta(hours=2))
    await life.is_quiet()
    await confirm_unheard(world, reference)
    await life.wait(timedelta(hours=22))

    await goes_back(life, "incomplete_expired", "expired")
    assert await charged(life) == [("succeeded", PRICE)]


async def test_money_by_hand_long_after_the_expiry(unpaid: Life) -> None:
    await unpaid.wait(timedelta(hours=24))
    await unpaid.closes()
    await unpaid.report()

    await goes_back(unpaid, "incomplete_expired", "expired")

    async def is_found() -> bool:
        query = f"WorkflowType = 'LatePayment' AND SubscriptionId = '{unpaid.subscription_id}'"
        return (await unpaid.world.temporal.count_workflows(query)).count == 1

    await eventually(is_found)


async def test_a_withdrawal_gives_everything_back(world: World, admin: Student) -> None:
    life = await Life.begin(world, card="tok_ok")
    await life.becomes("active")
    withdrawn = await life.student.post(f"/subscriptions/{life.subscription_id}/withdraw")
    assert (withdrawn.status_code, withdrawn.json()["status"]) == (200, "canceled")

    async def is_back() -> dict[str, Any]:
        payment: dict[str, Any] = (await admin.get(f"/admin/payments/{life.payment_id}")).json()
        assert [refund["status"] for refund in payment["refunds"]] == ["succeeded"]
        return payment

    payment = await eventually(is_back)
    [refund] = payment["refunds"]
    assert (refund["reason"], refund["amount_cents"], payment["left_cents"]) == ("withdrawal", PRICE, 0)
    assert refund["reference"].startswith("re_")
    sent = await world.temporal.get_workflow_handle(refund_workflow_id(int(refund["id"]))).describe()
    assert sent.typed_search_attributes.get(SUBSCRIPTION_ID) == str(life.subscription_id)
    assert sent.typed_search_attributes.get(PARKED) is False
    assert await charged(life) == [("succeeded", PRICE)]
    book = await life.book()
    assert book.timeline == ["opened", "activated", "withdrawn", "refund_opened", "refunded"]
    assert book.balances == {"refunds": 1_631, "revenue": -1_631}
    await life.closes()


async def test_an_answer_that_is_lost_on_the_way_gives_back_once(world: World) -> None:
    life = await Life.begin(world, card="tok_refund_answer_lost")
    await life.becomes("active")
    await life.student.post(f"/subscriptions/{life.subscription_id}/withdraw")

    async def is_back() -> bool:
        return (await life.book()).timeline[-1] == "refunded"

    await eventually(is_back)
    assert await charged(life) == [("succeeded", PRICE)]
