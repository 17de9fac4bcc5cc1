"""A subscription is handed on to a member: who pays then, who sees what, and every refusal."""

import asyncio
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from activities.contracts import Cause
from domain.due import Step
from domain.refusals import RefusalCode
from domain.subscription import Status
from tests.at_rest import comes_to_rest, state_of
from tests.client import Student, refusal
from tests.families import (
    accept,
    begin_family,
    events_out,
    has_lessons,
    invite,
    join,
    member_ids,
    of,
    somebody,
    transfer,
)
from tests.lives import Life, World
from tests.races.commands import card
from tests.races.lives import comes_near
from workflows.messages import (
    CancelCommand,
    ChangePlanCommand,
    FreezeCommand,
    PayCommand,
    PlainCommand,
    RedeemGiftCommand,
    SetPaymentMethodCommand,
)
from workflows.options import USER_ID
from workflows.subscription import Subscription


@pytest.fixture
async def family(world: World) -> Life:
    return await begin_family(world, card=card())


async def test_it_is_handed_on_with_its_time_and_not_with_its_money(family: Life) -> None:
    owner, heir = family.student, await join(family)
    key, heirs_card = uuid.uuid4().hex, (await heir.add_card(card())).json()["id"]
    before = (await owner.get("/me/subscription")).json()

    answer = await transfer(family, heir, key=key)

    body = answer.json()
    assert (answer.status_code, body["access"]["source"]) == (200, "family")
    assert (await transfer(family, heir, key=key)).json() == body
    await forget_answer(family, key)  # as if the process had died before it was kept
    assert (await transfer(family, heir, key=key)).json() == body
    assert refusal(await transfer(family, heir)) == (404, "subscription_not_found")
    family.student = heir
    assert await member_ids(family) == [owner.id]
    now_theirs = (await heir.get("/me/subscription")).json()
    assert now_theirs == before
    assert await has_lessons(owner)
    assert refusal(await owner.get(of(family, "timeline"))) == (404, "subscription_not_found")
    assert len((await owner.get("/invoices")).json()["items"]) == 1
    assert (await heir.get("/invoices")).json()["items"] == []
    entries = (await heir.get(of(family, "timeline"))).json()["items"]
    assert [(entry["event"], entry["actor"]) for entry in entries] == [("transferred", f"user:{owner.id}")]
    [told] = await events_out(family, "subscription.transferred")
    assert (told["user_id"], told["from_user_id"], told["change"]) == (heir.id, owner.id, "transferred")

    state = await state_of(family)
    assert (state.user_id, state.payment_method_id) == (heir.id, heirs_card)
    described = await family.world.temporal.get_workflow_handle(family.workflow_id).describe()
    assert described.typed_search_attributes.get(USER_ID) == str(heir.id)
    assert refusal(await heir.post(of(family, "withdraw"))) == (409, "withdrawal_after_transfer")
    assert refusal(await owner.post(of(family, "leave"))) != refusal(await heir.post(of(family, "leave")))

    await comes_near(family, Step.RENEW)
    await eventually_renewed(family)
    [renewal] = (await heir.get("/invoices")).json()["items"]
    assert (renewal["billing_reason"], renewal["status"]) == ("subscription_cycle", "paid")
    assert len((await owner.get("/invoices")).json()["items"]) == 1
    await comes_to_rest(family)


async def test_what_its_owner_of_before_has_paid_is_not_asked_for_again(family: Life, admin: Student) -> None:
    heir = await join(family)
    assert (await transfer(family, heir)).is_success

    asked = await admin.post(
        f"/admin/subscriptions/{family.subscription_id}/retry-payment", {"reason": "they have called"}
    )

    assert refusal(asked) == (409, "invoice_not_payable")


async def forget_answer(family: Life, key: str) -> None:
    query = (
        "UPDATE idempotency_keys SET answer = NULL, status_code = NULL,"
        " locked_until = clock_timestamp() - interval '1 second' WHERE user_id = :user_id AND key = :key"
    )
    async with family.world.database.transaction() as connection:
        await connection.execute(text(query), {"user_id": family.student.id, "key": key})


async def test_what_its_owner_of_before_ordered_too_late_is_refused(family: Life) -> None:
    """Each command was on its way when the subscription was handed on."""
    owner, heir = family.student, await join(family)
    charged_to = (await heir.add_card(card())).json()["id"]
    assert (await transfer(family, heir)).is_success
    before = await state_of(family)
    workflow = family.world.temporal.get_workflow_handle(family.workflow_id)
    cause = Cause(f"user:{owner.id}", "asked for", "0" * 32)
    late: list[tuple[Any, Any]] = [
        (Subscription.cancel, CancelCommand("1", at_period_end=False, cause=cause, user_id=owner.id)),
        (Subscription.uncancel, PlainCommand("2", cause, owner.id)),
        (Subscription.withdraw, PlainCommand("3", cause, owner.id)),
        (Subscription.freeze, FreezeCommand("4", None, cause, owner.id)),
        (Subscription.unfreeze, PlainCommand("5", cause, owner.id)),
        (Subscription.set_payment_method, SetPaymentMethodCommand("6", None, cause, owner.id)),
        (Subscription.pay_now, PayCommand("7", 1, None, cause, owner.id)),
        (Subscription.redeem_gift, RedeemGiftCommand("8", "00" * 32, cause, owner.id)),
        (Subscription.change_plan, ChangePlanCommand("9", "P1Y", None, None, cause, owner.id)),
    ]

    for update, command in late:
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await workflow.execute_update(update, command)
        assert isinstance(refused.value.cause, ApplicationError)
        assert refused.value.cause.type == RefusalCode.SUBSCRIPTION_HANDED_ON

    assert (await owner.add_card(card())).status_code == 201
    assert await state_of(family) == before
    assert before.payment_method_id == charged_to


async def test_what_its_owner_orders_meanwhile_is_not_done_to_the_next(family: Life) -> None:
    """One of both is first: either it is canceled and nobody's any more, or it is the heir's, and goes on."""
    owner, heir = family.student, await join(family)

    handed_on, canceled = await asyncio.gather(
        transfer(family, heir), owner.post(of(family, "cancel"), {"at_period_end": False})
    )

    state = await state_of(family)
    if handed_on.is_success:
        assert (state.user_id, state.status) == (heir.id, Status.ACTIVE)
        assert refusal(canceled) in ((409, "subscription_handed_on"), (404, "subscription_not_found"))
    else:
        assert (state.user_id, state.status) == (owner.id, Status.CANCELED)
        assert canceled.json()["status"] == "canceled"


async def eventually_renewed(family: Life) -> None:
    await family.wait(timedelta(minutes=1))
    await family.becomes("active")


async def test_the_start_stays_its_starter_s(world: World) -> None:
    """Its key, its answer, and one trial each: handing on gives nobody another."""
    starter_key = uuid.uuid4().hex
    owner, heir = await somebody(world), await somebody(world)
    family = await Life.begin(world, "P1Y-FAMILY", student=owner, key=starter_key)
    await family.pay()
    own = await heir.start("P30D", starter_key)  # under the same key as the other's
    assert (await heir.post(f"/subscriptions/{own.json()['subscription_id']}/cancel")).is_success
    await join(family, heir)

    assert (await transfer(family, heir)).is_success

    again = await owner.start("P1Y-FAMILY", starter_key)
    assert (again.status_code, again.json()["subscription_id"]) == (201, family.subscription_id)
    assert again.headers["idempotency-replayed"] == "true"
    theirs = await heir.start("P30D", starter_key)
    assert (theirs.status_code, theirs.json()) == (201, own.json())
    # The one that they were given is older than the last of their own, and it is the one that lives.
    assert (await heir.get("/me/subscription")).json()["subscription_id"] == family.subscription_id
    assert refusal(await heir.start("P30D")) == (409, "subscription_exists")
    started = await owner.start("P30D")
    assert started.status_code == 201  # the seat is no subscription of their own
    await comes_to_rest(family)


async def test_without_a_method_the_next_owner_is_asked(family: Life) -> None:
    """What was opened for the one before makes way, and is opened anew."""
    heir = await join(family)
    await family.student.delete(
        f"/me/payment-methods/{(await family.student.get('/me/payment-methods')).json()[0]['id']}"
    )
    await comes_near(family, Step.OPEN_RENEWAL)
    await family.wait(timedelta(minutes=1))
    await family.is_quiet()

    assert (await transfer(family, heir)).is_success

    await family.is_quiet()
    olds = (await family.student.get("/invoices")).json()["items"]
    [renewal] = (await heir.get("/invoices")).json()["items"]
    assert [invoice["status"] for invoice in olds] == ["void", "paid"]
    assert (renewal["status"], renewal["billing_reason"]) == ("open", "subscription_cycle")
    assert refusal(await family.student.post(f"/invoices/{olds[0]['id']}/pay")) == (
        409,
        "invoice_not_payable",
    )
    await comes_to_rest(family)


async def test_to_whom_it_cannot_be_handed_on(family: Life) -> None:
    stranger, left, payer = [await somebody(family.world) for _ in range(3)]
    await join(family, left)
    await left.post(of(family, "leave"))
    await join(family, payer)
    assert (await payer.start("P30D")).status_code == 201

    for whom in (stranger, left, family.student):
        assert refusal(await transfer(family, whom)) == (404, "not_a_member")
    assert refusal(await transfer(family, payer)) == (409, "subscription_exists")
    assert refusal(await payer.post(of(family, "transfer"), {"user_id": payer.id})) == (
        404,
        "subscription_not_found",
    )
    nobody = await family.student.post(of(family, "transfer"), {"user_id": 2**63 - 1})
    assert refusal(nobody) == (404, "not_a_member")

    await family.post("cancel", {"at_period_end": False})
    assert refusal(await transfer(family, payer)) == (409, "transfer_not_possible")


async def test_to_who_is_disabled_it_is_not_handed_on(family: Life, admin: Student) -> None:
    """Nobody but staff is told why. Once they can log in again, it can be theirs."""
    heir = await join(family)
    account = f"/admin/users/{heir.id}"
    assert (await admin.post(f"{account}/disable", {"reason": "asked"})).is_success

    refused = await transfer(family, heir)

    assert refusal(refused) == (409, "transfer_not_possible")
    assert "disabled" not in refused.text
    assert (await state_of(family)).user_id == family.student.id
    assert await member_ids(family) == [heir.id]
    assert (await admin.post(f"{account}/enable", {"reason": "asked"})).is_success
    assert (await transfer(family, heir)).is_success


async def test_of_what_comes_at_once_one_is_first(family: Life) -> None:
    """Transfers, a cancellation and a departure: whatever the order, there is one owner, and one story."""
    owner = family.student
    heirs = [await join(family) for _ in range(3)]

    answers = await asyncio.gather(
        *(transfer(family, heir) for heir in heirs),
        heirs[0].post(of(family, "leave")),
        owner.post(of(family, "cancel"), {"at_period_end": True}),
    )

    handed_on = [heir for heir, answer in zip(heirs, answers, strict=False) if answer.is_success]
    assert len(handed_on) <= 1
    assert {answer.json().get("code") for answer in answers[:3]} <= {
        None,
        "subscription_not_found",
        "subscription_handed_on",
        "not_a_member",
    }
    state = await state_of(family)
    assert state.user_id == (handed_on[0].id if handed_on else owner.id)
    family.student = handed_on[0] if handed_on else owner
    ids = await member_ids(family)
    assert state.user_id not in ids
    assert (owner.id in ids) is bool(handed_on)
    await comes_to_rest(family)


async def test_an_owner_of_another_family_s_seat_keeps_that(family: Life) -> None:
    other = await begin_family(family.world)
    heir = await join(family)
    await family.post("cancel", {"at_period_end": True})
    assert (await accept(family.student, (await invite(other))["token"])).is_success

    assert (await transfer(family, heir)).is_success

    assert await member_ids(other) == [family.student.id]
    family.student = heir
    assert await member_ids(family) == []
