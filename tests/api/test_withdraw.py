"""Withdrawing from the contract within 14 days, with the money back."""

import uuid

from tests.client import Student, refusal
from tests.clock_turn import turned
from tests.deadline import eventually
from tests.lives import Life, World


async def test_within_14_days_it_ends_with_the_money_back(world: World) -> None:
    life = await Life.begin(world, card="tok_ok")
    await life.becomes("active")
    answer = await life.post("withdraw")

    assert answer.status_code == 200, answer.text
    ended = answer.json()
    assert (ended["status"], ended["next_action"]) == ("canceled", None)
    assert ended["canceled_at"] == ended["ended_at"]
    assert ended["access"] == {"allowed": False, "until": None, "reason": "expired", "source": "own"}

    async def is_given_back() -> bool:
        [charge] = await world.stack.psp.charges(life.subscription_id)
        return bool(charge["refunded_cents"] == charge["amount_cents"])

    await eventually(is_given_back)


async def test_what_was_never_paid_just_ends(unpaid: Life) -> None:
    answer = await unpaid.post("withdraw")

    assert (answer.status_code, answer.json()["status"]) == (200, "canceled")
    assert (await unpaid.book()).invoices == ["void"]


async def test_a_second_time_it_has_ended_already_but_its_own_key_is_answered(active: Life) -> None:
    path, key = f"/subscriptions/{active.subscription_id}/withdraw", uuid.uuid4().hex
    first = await active.student.post(path, key=key)
    again = await active.student.post(path, key=key)

    assert (again.status_code, again.json()) == (200, first.json())
    assert refusal(await active.student.post(path)) == (409, "subscription_ended")


async def test_after_14_days_it_is_over(active: Life, admin: Student) -> None:
    await turned(admin, active, "P15D")

    assert refusal(await active.post("withdraw")) == (409, "withdrawal_period_over")
    assert (await active.student.get("/me/subscription")).json()["status"] == "active"


async def test_while_a_charge_is_under_way_it_has_to_wait(world: World) -> None:
    life = await Life.begin(world, card="tok_down")

    async def is_charging() -> bool:
        return bool((await life.student.get("/me/subscription")).json()["payment_in_progress"])

    await eventually(is_charging)
    refused = await life.student.post(f"/subscriptions/{life.subscription_id}/withdraw")
    assert refusal(refused) == (409, "payment_in_progress")
    assert refused.headers["retry-after"] == "2"

    canceled = await life.student.post(
        f"/subscriptions/{life.subscription_id}/cancel", {"at_period_end": False}
    )
    assert canceled.status_code == 200
    assert (canceled.json()["status"], canceled.json()["payment_in_progress"]) == ("canceled", True)


async def test_of_two_at_once_one_is_told_that_it_has_ended(student: Student, world: World) -> None:
    life = await Life.begin(world, student=student)
    await life.pay()
    path = f"/subscriptions/{life.subscription_id}/cancel"

    assert (await student.post(path, {"at_period_end": False})).status_code == 200
    assert refusal(await life.post("withdraw")) == (409, "subscription_ended")
