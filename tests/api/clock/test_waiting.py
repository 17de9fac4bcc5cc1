"""At each date the clock waits for what it brought, and says in the end who or what still waits."""

import uuid
from datetime import timedelta

from tests.client import Student, refusal
from tests.clock_turn import events, instant, turn, turn_to_the_end, turned
from tests.lives import Life
from tests.plans import plan_on_sale

FIRST_REPETITION = timedelta(seconds=1)
"""Of a call of a provider that gave no answer."""


async def test_it_waits_for_reports_that_are_on_their_way(admin: Student, active: Life) -> None:
    psp = active.world.stack.psp
    await active.store_card("tok_ok")
    await psp.webhooks(delay_seconds=0.5, duplicates=1)
    try:
        answer = await turned(admin, active, "P61D")
    finally:
        await psp.webhooks()

    assert events(answer) == ["renewal_opened", "renewed"] * 2
    assert await psp.pending(active.subscription_id) == 0
    assert "received" not in (await active.book()).reports


async def test_it_waits_for_a_customer_who_confirms_unasked(admin: Student, active: Life) -> None:
    await active.store_card("tok_3ds_ok")

    answer = await turned(admin, active, "P45D")

    assert events(answer) == ["renewal_opened", "payment_pending", "renewed"]
    assert answer["waiting_for"] == "due_date"
    paid_at = instant(answer["happened"][-1]["occurred_at"])
    assert paid_at - instant(answer["happened"][0]["occurred_at"]) < timedelta(minutes=5)


async def test_a_customer_who_does_not_confirm_is_waited_for_until_the_last_look_up(
    admin: Student, active: Life
) -> None:
    await active.store_card("tok_3ds")

    pending = await turned(admin, active, "P31D")
    declined = await turned(admin, active, "P3D")

    assert (events(pending)[:2], pending["waiting_for"]) == (
        ["renewal_opened", "payment_pending"],
        "customer_action",
    )
    assert events(declined)[-2:] == ["payment_declined", "fell_due"]


async def test_an_unknown_outcome_is_looked_up_on_the_way(admin: Student, active: Life) -> None:
    await active.store_card("tok_answer_lost")

    answer = await turned(admin, active, "P31D")

    assert events(answer) == ["renewal_opened", "renewed"]
    opened_at, renewed_at = (instant(entry["occurred_at"]) for entry in answer["happened"])
    assert FIRST_REPETITION <= renewed_at - opened_at < timedelta(minutes=5), "in its own time"
    charges = await active.world.stack.psp.charges(active.subscription_id)
    assert [charge["status"] for charge in charges] == ["succeeded"]


async def test_without_a_date_it_goes_straight_to_its_target(admin: Student, active: Life) -> None:
    """Parked: the provider charged another amount than was asked for."""
    await active.store_card("tok_wrong_amount")

    parked = await turned(admin, active, "P31D")
    later = await turned(admin, active, "P3650D")

    [told] = [entry["details"] for entry in parked["happened"] if entry["event"] == "parked"]
    assert (told["reason"], told["amount_cents"], told["currency"]) == ("amount_mismatch", 1_990, "EUR")
    assert told["received_cents"] < 1_990
    assert told["received_currency"] == "EUR"
    assert parked["waiting_for"] == "operator"
    assert (parked["next_action"], parked["next_action_at"]) == (None, None)
    assert (events(later), later["waiting_for"]) == ([], "operator")
    assert instant(later["advanced_to"]) - instant(parked["advanced_to"]) >= timedelta(days=3650)


async def test_one_left_unpaid_waits_for_its_payment(admin: Student, active: Life) -> None:
    dunning = {"retry_days": [2], "final_action": "unpaid"}
    async with plan_on_sale(admin, "P30D", dunning=dunning) as plan:
        life = await Life.begin(active.world, plan)
    await life.pay()

    due = await turned(admin, life, "P31D")
    unpaid = await turned(admin, life, "P365D")

    assert (events(due), due["waiting_for"]) == (["renewal_opened", "fell_due"], "payment")
    assert (events(unpaid)[-1], unpaid["next_action"], unpaid["waiting_for"]) == (
        "left_unpaid",
        None,
        "payment",
    )


async def test_a_lost_workflow_is_started_again_and_catches_up(admin: Student, active: Life) -> None:
    await active.store_card("tok_ok")
    ahead = await turned(admin, active, "P45D")
    await active.world.temporal.get_workflow_handle(active.workflow_id).terminate("by hand")
    key = uuid.uuid4().hex

    cut_short = await turn(admin, active, "P45D", key=key)
    finished = await turn_to_the_end(admin, active, "P45D", key=key)

    assert refusal(cut_short) == (503, "workflow_interrupted")
    assert finished.status_code == 200, finished.text
    assert events(finished.json()) == ["renewal_opened", "renewed"] * 2
    advanced = instant(finished.json()["advanced_to"]) - instant(ahead["advanced_to"])
    assert timedelta(days=45) <= advanced < timedelta(days=45, minutes=5)
