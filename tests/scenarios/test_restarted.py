"""Lost for a year and more, and started again from its row: late is right, without a burst of charges."""

from datetime import timedelta

from tests.client import Student, refusal
from tests.clock_turn import turn
from tests.lives import World
from tests.scenarios.lived import A_MOMENT, Bill, Lived
from tests.scenarios.long_past import make_old

PERIOD = timedelta(days=30)
AWAY = timedelta(days=400)


async def lose(lived: Lived) -> None:
    """Its workflow goes, its row stays, and the time passes."""
    life = lived.life
    await life.world.temporal.get_workflow_handle(life.workflow_id).terminate("by hand")
    await make_old(life.world.database, life.subscription_id, AWAY)
    lived.began_at -= AWAY


async def brings_it_back(lived: Lived) -> None:
    """Whoever asks for something starts it again."""
    assert refusal(await turn(lived.admin, lived.life, "PT1M")) == (503, "workflow_interrupted")


async def is_found(lived: Lived) -> None:
    await brings_it_back(lived)
    await lived.until(lived.own_now + A_MOMENT)


def billed(lived: Lived, index: int, status: str, *payments: str) -> Bill:
    return Bill(
        lived.began_at + index * PERIOD, lived.began_at + (index + 1) * PERIOD, 1_990, status, payments
    )


async def test_with_a_stored_card_the_period_that_runs_is_charged_and_no_other(
    world: World, admin: Student
) -> None:
    lived = await Lived.begin(world, admin, card="tok_ok")
    await lived.until(lived.began_at + A_MOMENT)
    await lose(lived)

    await is_found(lived)

    assert await lived.bills() == [
        billed(lived, 0, "paid", "succeeded"),
        billed(lived, 13, "paid", "succeeded"),
    ]
    opened = next(entry for entry in await lived.entries() if entry["event"] == "renewal_opened")
    assert opened["details"]["skipped_periods"] == 12
    await lived.until_day(14 * 30 + 1)
    assert await lived.bills() == [billed(lived, index, "paid", "succeeded") for index in (0, 13, 14)]
    assert await lived.timeline() == ["opened", "activated", *(["renewal_opened", "renewed"] * 2)]
    assert (await lived.shown())["status"] == "active"
    await lived.is_settled()


async def test_paid_by_hand_it_falls_due_for_the_period_that_runs(world: World, admin: Student) -> None:
    lived = await Lived.begin(world, admin)
    await lived.pay_open_invoice()
    await lose(lived)

    await is_found(lived)

    shown = await lived.shown()
    assert (shown["status"], shown["access"]["allowed"]) == ("past_due", False)
    await lived.pay_open_invoice()
    assert await lived.bills() == [
        billed(lived, 0, "paid", "succeeded"),
        billed(lived, 13, "paid", "succeeded"),
    ]
    assert await lived.timeline() == ["opened", "activated", "renewal_opened", "fell_due", "recovered"]
    assert (await lived.shown())["status"] == "active"
    await lived.is_settled()


async def test_one_that_was_past_due_is_given_up_without_another_charge(world: World, admin: Student) -> None:
    lived = await Lived.begin(world, admin, card="tok_ok")
    await lived.until(lived.began_at + A_MOMENT)
    await lived.life.store_card("tok_insufficient_funds")
    await lived.until_day(31)
    assert (await lived.shown())["status"] == "past_due"
    await lose(lived)

    await brings_it_back(lived)
    await lived.life.closes()

    assert await lived.bills() == [
        billed(lived, 0, "paid", "succeeded"),
        billed(lived, 1, "uncollectible", "failed"),
    ]
    assert (await lived.shown())["status"] == "canceled"
    await lived.is_settled()
