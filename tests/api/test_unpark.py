"""A subscription that was stopped for a person, and goes on when that person has looked."""

import uuid
from datetime import timedelta

from sqlalchemy import text

from tests.client import Student, refusal
from tests.deadline import eventually
from tests.lives import Life, World

LOOKED = {"reason": "the card had been stored under a wrong name"}


async def parked(world: World) -> Life:
    """Its renewal is to be charged to a card that the provider does not know."""
    life = await Life.begin(world)
    await life.pay()
    await life.store_card(f"tok_ok-{uuid.uuid4().hex}")
    await rename_card(life, "nobodys")
    await life.wait(timedelta(days=30))

    async def is_parked() -> bool:
        return (await life.book()).timeline[-1] == "parked"

    await eventually(is_parked)
    await life.is_quiet()
    return life


async def rename_card(life: Life, name: str) -> None:
    async with life.world.database.transaction() as connection:
        query = "UPDATE payment_methods SET token = :token WHERE user_id = :user"
        token = f"{name}-{uuid.uuid4().hex}"
        await connection.execute(text(query), {"token": token, "user": life.student.id})


async def test_it_goes_on_where_it_stopped(world: World, admin: Student, support: Student) -> None:
    life = await parked(world)
    path = f"/admin/subscriptions/{life.subscription_id}"
    told = (await support.get(f"{path}/explain")).json()["explanation"]
    assert told["parked_reason"] == "provider_rejected"
    assert "Parked (provider_rejected)" in told["why"]
    assert told["what_next"] == "Nothing until it is unparked."
    assert told["attempt"]["stage"] == "due"

    await rename_card(life, "tok_ok")
    answer = await admin.post(f"{path}/unpark", LOOKED)
    assert answer.status_code == 200, answer.text

    async def is_renewed() -> bool:
        return (await life.book()).timeline[-1] == "renewed"

    await eventually(is_renewed)
    await life.is_quiet()
    assert [charge["status"] for charge in await world.stack.psp.charges(life.subscription_id)] == [
        "succeeded"
    ]
    told = (await support.get(f"{path}/explain")).json()["explanation"]
    assert (told["parked_reason"], told["attempt"]) == (None, None)

    for_staff = (await admin.get(f"{path}/timeline")).json()["items"]
    [unparked] = [entry for entry in for_staff if entry["event"] == "unparked"]
    assert (unparked["actor"], unparked["note"]) == (f"user:{admin.id}", LOOKED["reason"])
    own = (await life.student.get(f"/subscriptions/{life.subscription_id}/timeline")).json()["items"]
    assert own == [{**entry, "note": None} for entry in for_staff]


async def test_without_a_cure_it_is_parked_again(world: World, admin: Student) -> None:
    life = await parked(world)
    assert (
        await admin.post(f"/admin/subscriptions/{life.subscription_id}/unpark", LOOKED)
    ).status_code == 200

    async def is_parked_again() -> bool:
        return (await life.book()).timeline[-2:] == ["unparked", "parked"]

    await eventually(is_parked_again)


async def test_another_card_pays_what_the_provider_refused_to_charge(world: World) -> None:
    life = await parked(world)
    [invoice, _] = (await life.student.get("/invoices")).json()["items"]
    other = {"payment_method": {"provider": "sandbox", "token": "tok_ok"}}

    answer = await life.student.post(f"/invoices/{invoice['id']}/pay", other)

    assert answer.status_code == 200, answer.text
    assert (await life.book()).timeline[-3:] == ["parked", "payment_requested", "renewed"]


async def test_a_charge_of_another_amount_is_never_lost(world: World) -> None:
    life = await Life.begin(world, card="tok_wrong_amount")

    async def is_parked() -> bool:
        return "parked" in (await life.book()).timeline

    await eventually(is_parked)
    assert refusal(await life.student.start("P30D")) == (409, "payment_in_progress")
    assert (await life.book()).payments == ["unknown"]

    await life.post("cancel", {"at_period_end": False})
    await life.wait(timedelta(minutes=1))
    await life.closes()

    async def is_refunded() -> bool:
        return (await life.book()).timeline[-3:] == ["late_payment_received", "refund_opened", "refunded"]

    await eventually(is_refunded)
    assert ((await life.book()).invoices, (await life.book()).balances) == (["void"], {})


async def test_one_key_unparks_once(world: World, admin: Student) -> None:
    life = await parked(world)
    path, key = f"/admin/subscriptions/{life.subscription_id}/unpark", uuid.uuid4().hex
    first = await admin.post(path, LOOKED, key=key)
    again = await admin.post(path, LOOKED, key=key)

    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["idempotency-replayed"] == "true"
    assert (await life.book()).timeline.count("unparked") == 1


async def test_what_is_not_parked_cannot_be_unparked(active: Life, admin: Student) -> None:
    path = f"/admin/subscriptions/{active.subscription_id}/unpark"
    assert refusal(await admin.post(path, LOOKED)) == (409, "not_parked")
    await active.post("cancel", {"at_period_end": False})
    assert refusal(await admin.post(path, LOOKED)) == (409, "not_parked")


async def test_a_reason_is_needed(unpaid: Life, admin: Student) -> None:
    path = f"/admin/subscriptions/{unpaid.subscription_id}/unpark"
    for body in ({}, {"reason": ""}, {"reason": "x" * 501}, {"reason": None}):
        assert refusal(await admin.post(path, body)) == (422, "validation_failed"), body
