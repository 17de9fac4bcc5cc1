"""Each rule about the providers' books sees what one of the two books lacks; missed news settles as ever."""

import uuid
from dataclasses import replace
from functools import partial

from sqlalchemy import text

from tests.deadline import eventually
from tests.lives import Life, World
from tests.races.lives import begin_with_card, waits_for_confirmation
from tests.upkeep.live_statuses import books_agree, charges
from tests.upkeep.reach import reach_of
from tests.upkeep.reconciliation.looking import behind_its_back, found, is_found, is_mended, payment_ids
from upkeep.reconciliation.mending import report_success
from upkeep.reconciliation.of_providers import PROVIDER_RULES
from upkeep.reconciliation.reach import Bounds

NOT_BOOKED, NOT_THERE, WENT_BACK = (rule.name for rule in PROVIDER_RULES)


async def test_what_is_well_is_not_found(world: World) -> None:
    """Paid, refunded, charged back, declined, by card and by hand."""
    paid, by_hand, returned = (
        await Life.begin(world, card="tok_ok"),
        await Life.begin(world),
        await Life.begin(world, card="tok_ok"),
    )
    await by_hand.pay()
    for life in (paid, returned):
        await life.becomes("active")
    [charge] = await world.stack.psp.charges(paid.subscription_id)
    await world.stack.psp.charge_back(charge["id"], 500)
    await paid.applies_reports(2)
    await returned.post("withdraw")
    declined = await begin_with_card(world, "tok_stolen", becomes="incomplete")
    for life in (paid, returned):
        await eventually(partial(agrees, life))

    ids = [each for life in (paid, by_hand, returned, declined) for each in await payment_ids(life)]
    async with reach_of(world) as reach:
        for rule in PROVIDER_RULES:
            assert await found(reach, rule.name, ids) == [], rule.name


async def agrees(life: Life) -> bool:
    await books_agree(life)
    return True


async def test_a_success_that_was_never_reported(world: World) -> None:
    life = await begin_with_card(world, "tok_3ds", becomes="incomplete")
    charge = await waits_for_confirmation(life)
    [payment_id] = await payment_ids(life)
    async with world.stack.psp.muted():
        await world.stack.psp.complete_action(charge["id"], "succeeded")

    async with reach_of(world) as reach:
        patient = replace(reach, bounds=Bounds())
        assert await found(patient, NOT_BOOKED, [payment_id]) == [], "it may be on its way"
        await is_mended(reach, await is_found(reach, NOT_BOOKED, payment_id))

    await life.becomes("active")
    await books_agree(life)
    assert await charges(life) == ("succeeded",)


async def test_a_charge_that_is_none_of_ours(world: World) -> None:
    life = await Life.begin(world)
    body = {
        "payment_id": 999_999_999,
        "subscription_id": life.subscription_id,
        "method_token": "tok_ok",
        "amount_cents": 1_990,
        "currency": "EUR",
    }
    async with world.stack.psp.muted():
        made = await world.stack.psp.post("/v1/charges", body, key=uuid.uuid4().hex)

    async with reach_of(world) as reach:
        finding = await is_found(reach, NOT_BOOKED, made.json()["id"])
        assert (finding.subject_kind, finding.details["ours"]) == ("charge", None)
        back = {
            "charge_key": made.json()["idempotency_key"],
            "amount_cents": 1_990,
            "currency": "EUR",
        }
        assert (await world.stack.psp.post("/v1/refunds", back, key=uuid.uuid4().hex)).is_success
        assert await found(reach, NOT_BOOKED, [made.json()["id"]]) == [], "it was given back"


async def test_a_success_that_was_given_back_before_we_knew_buys_nothing(world: World) -> None:
    life = await begin_with_card(world, "tok_3ds", becomes="incomplete")
    charge = await waits_for_confirmation(life)
    [payment_id] = await payment_ids(life)
    async with world.stack.psp.muted():
        await world.stack.psp.complete_action(charge["id"], "succeeded")
        back = {"charge_key": charge["idempotency_key"], "amount_cents": 1_990, "currency": "EUR"}
        assert (await world.stack.psp.post("/v1/refunds", back, key=uuid.uuid4().hex)).is_success

    async with reach_of(world) as reach:
        assert await found(reach, NOT_BOOKED, [payment_id]) == []


async def test_money_that_the_provider_never_had(world: World) -> None:
    """Somebody said so who was not the provider."""
    life = await Life.begin(world)
    await life.pay()
    [payment_id] = await payment_ids(life)
    async with behind_its_back(world.database) as connection:
        moved = "UPDATE payments SET provider = 'sandbox' WHERE id = :id"
        await connection.execute(text(moved), {"id": int(payment_id)})

    async with reach_of(world) as reach:
        finding = await is_found(reach, NOT_THERE, payment_id)
        assert finding.details["provider"] == "sandbox"


async def test_money_that_went_back_by_hand(world: World) -> None:
    """At the provider, behind our back: by a refund, or by a chargeback that was never reported."""
    refunded, taken = await Life.begin(world, card="tok_ok"), await Life.begin(world, card="tok_ok")
    for life in (refunded, taken):
        await life.becomes("active")
    [of_refunded] = await world.stack.psp.charges(refunded.subscription_id)
    [of_taken] = await world.stack.psp.charges(taken.subscription_id)
    async with world.stack.psp.muted():
        back = {"charge_key": of_refunded["idempotency_key"], "amount_cents": 5, "currency": "EUR"}
        assert (await world.stack.psp.post("/v1/refunds", back, key=uuid.uuid4().hex)).is_success
        await world.stack.psp.charge_back(of_taken["id"], 7)

    async with reach_of(world) as reach:
        for life, cents in ((refunded, (5, 0)), (taken, (0, 7))):
            [payment_id] = await payment_ids(life)
            theirs = (await is_found(reach, WENT_BACK, payment_id)).details["theirs"]
            assert (theirs["refunded_cents"], theirs["charged_back_cents"]) == cents


async def test_a_charge_from_before_its_payment_is_another_s(world: World) -> None:
    """A database that was restored gives ids again that the provider knows: they prove nothing."""
    life = await begin_with_card(world, "tok_3ds", becomes="incomplete")
    charge = await waits_for_confirmation(life)
    [payment_id] = await payment_ids(life)
    async with world.stack.psp.muted():
        await world.stack.psp.complete_action(charge["id"], "succeeded")
    async with behind_its_back(world.database) as connection:
        younger = "UPDATE payments SET recorded_at = now() + interval '6 minutes' WHERE id = :id"
        await connection.execute(text(younger), {"id": int(payment_id)})

    async with reach_of(world) as reach:
        assert await found(reach, NOT_BOOKED, [payment_id]) == []
        finding = await is_found(reach, NOT_BOOKED, charge["id"])
        assert not await report_success(reach, finding)

    assert (await life.book()).status == "incomplete"
