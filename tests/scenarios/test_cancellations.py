"""Canceled for the period's end, taken back, and canceled for good."""

from datetime import timedelta

from tests.client import Student
from tests.clock_turn import instant
from tests.lives import World
from tests.scenarios.lived import Bill, Lived

PERIOD = timedelta(days=30)


async def test_a_cancellation_that_is_taken_back_and_one_that_is_not(world: World, admin: Student) -> None:
    lived = await Lived.begin(world, admin, card="tok_ok")
    await lived.until_day(10)
    await lived.life.post("cancel")
    await lived.until_day(29)
    await lived.life.post("uncancel")
    await lived.until_day(40)
    assert (await lived.shown())["status"] == "active"
    await lived.life.post("cancel")

    await lived.until_day(62)

    boundaries = [lived.began_at + index * PERIOD for index in range(3)]
    assert await lived.bills() == [
        Bill(boundaries[0], boundaries[1], 1_990, "paid", ("succeeded",)),
        Bill(boundaries[1], boundaries[2], 1_990, "paid", ("succeeded",)),
    ]
    assert await lived.timeline() == [
        "opened",
        "activated",
        *("cancel_scheduled", "cancel_withdrawn"),
        *("renewal_opened", "renewed"),
        *("cancel_scheduled", "ended"),
    ]
    shown = await lived.shown()
    assert (shown["status"], instant(shown["ended_at"])) == ("canceled", boundaries[2])
    assert shown["access"] == {"allowed": False, "until": None, "reason": "expired", "source": "own"}
    await lived.is_settled()


async def test_canceled_while_its_renewal_waits_to_be_paid(world: World, admin: Student) -> None:
    """The invoice that was opened ahead is void, and opened anew when the cancellation is taken back."""
    lived = await Lived.begin(world, admin)
    await lived.pay_open_invoice()
    await lived.until_day(28)
    await lived.life.post("cancel")
    await lived.until_day(29)
    await lived.life.post("uncancel")
    await lived.until_day(29.5)
    await lived.pay_open_invoice()

    await lived.until_day(31)

    boundaries = [lived.began_at + index * PERIOD for index in range(3)]
    assert await lived.bills() == [
        Bill(boundaries[0], boundaries[1], 1_990, "paid", ("succeeded",)),
        Bill(boundaries[1], boundaries[2], 1_990, "void", ("failed",)),
        Bill(boundaries[1], boundaries[2], 1_990, "paid", ("succeeded",)),
    ]
    assert await lived.timeline() == [
        "opened",
        "activated",
        "renewal_opened",
        *("cancel_scheduled", "cancel_withdrawn"),
        *("renewal_opened", "renewal_paid_ahead", "period_begun"),
    ]
    await lived.is_settled()
