"""Frozen time is never paid for: it moves the paid end, to the second."""

from datetime import timedelta

from tests.client import Student, refusal
from tests.clock_turn import instant
from tests.lives import World
from tests.scenarios.lived import A_MOMENT, Bill, Lived

A_YEAR = timedelta(days=365)
DAY = timedelta(days=1)


async def frozen_time(lived: Lived) -> list[timedelta]:
    return [
        timedelta(seconds=entry["details"]["frozen_seconds"])
        for entry in await lived.entries()
        if entry["event"] == "unfrozen"
    ]


async def test_frozen_three_times_in_a_year_365_paid_days_remain(world: World, admin: Student) -> None:
    lived = await Lived.begin(world, admin, "P1Y", card="tok_ok", start_at=instant("2033-03-01T08:00:00Z"))
    await lived.until_day(40)
    until = lived.own_now + 10 * DAY
    assert (await lived.life.post("freeze", {"until": until.isoformat()})).is_success
    assert (await lived.shown())["access"] == {
        "allowed": False,
        "until": None,
        "reason": "frozen",
        "source": "own",
    }
    await lived.until_day(60)
    await lived.life.post("freeze")
    await lived.until_day(65)
    await lived.life.post("unfreeze")
    await lived.until_day(200)
    assert (await lived.life.post("freeze")).is_success  # until the allowance is spent
    await lived.until_day(240)
    assert refusal(await lived.life.post("freeze")) == (409, "freeze_allowance_spent")

    frozen = await frozen_time(lived)
    first, second, _ = frozen
    assert abs(first - 10 * DAY) < A_MOMENT
    assert abs(second - 5 * DAY) < A_MOMENT
    assert abs(sum(frozen, timedelta()) - 30 * DAY) < timedelta(seconds=3)
    paid_until = lived.began_at + A_YEAR + sum(frozen, timedelta())
    shown = await lived.shown()
    assert abs(instant(shown["current_period_end"]) - paid_until) < timedelta(seconds=3)
    paid_until = instant(shown["current_period_end"])
    await lived.until(paid_until + A_MOMENT)
    assert await lived.bills() == [
        Bill(lived.began_at, lived.began_at + A_YEAR, 17_990, "paid", ("succeeded",)),
        Bill(paid_until, paid_until + A_YEAR, 17_990, "paid", ("succeeded",)),
    ]
    assert await lived.timeline() == [
        "opened",
        "activated",
        *(["frozen", "unfrozen"] * 3),
        *("renewal_opened", "renewed"),
    ]
    await lived.is_settled()


async def test_frozen_over_the_date_of_its_renewal(world: World, admin: Student) -> None:
    """Opened ahead for a person to pay, voided by the freeze, opened anew for the moved dates."""
    lived = await Lived.begin(world, admin)
    await lived.pay_open_invoice()
    await lived.until_day(28)
    assert (await lived.life.post("freeze", {"until": (lived.own_now + 7 * DAY).isoformat()})).is_success

    await lived.until_day(35.5)
    await lived.pay_open_invoice()
    await lived.until_day(38)

    shown = await lived.shown()
    begun_at = instant(shown["current_period_start"])
    assert abs(begun_at - lived.began_at - 37 * DAY) < A_MOMENT
    nominal = lived.began_at + 30 * DAY
    assert await lived.bills() == [
        Bill(lived.began_at, nominal, 1_990, "paid", ("succeeded",)),
        Bill(nominal, nominal + 30 * DAY, 1_990, "void", ("failed",)),
        Bill(begun_at, begun_at + 30 * DAY, 1_990, "paid", ("succeeded",)),
    ]
    await lived.is_settled()
