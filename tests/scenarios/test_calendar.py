"""Years of renewals: boundaries are counted from the anchor, and clamped to the month's end."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from tests.client import Student
from tests.lives import World
from tests.plans import plan_on_sale
from tests.scenarios.lived import A_MOMENT, Bill, Lived

PAID = ("succeeded",)


def at(date: str) -> datetime:
    return datetime.fromisoformat(f"{date}T09:30:00+00:00").astimezone(UTC)


def paid(boundaries: list[str], cents: int) -> list[Bill]:
    return [Bill(at(start), at(end), cents, "paid", PAID) for start, end in pairwise(boundaries)]


async def lives_through(world: World, admin: Student, plan: str, boundaries: list[str], cents: int) -> None:
    """Starts at the first boundary, and bills nothing but the time up to the last."""
    lived = await Lived.begin(world, admin, plan, card="tok_ok", start_at=at(boundaries[0]))

    await lived.until(at(boundaries[-1]) - timedelta(hours=1))

    renewals = ["renewal_opened", "renewed"] * (len(boundaries) - 2)
    assert await lived.timeline() == ["opened", "activated", *renewals]
    assert await lived.bills() == paid(boundaries, cents)
    shown = await lived.shown()
    assert (shown["status"], shown["current_period_end"]) == (
        "active",
        f"{boundaries[-1]}T09:30:00Z",
    )
    assert (shown["next_action"], shown["next_action_at"]) == ("renew", shown["current_period_end"])
    await lived.is_settled()


async def test_monthly_from_31_january(world: World, admin: Student) -> None:
    boundaries = [
        "2035-01-31",
        "2035-02-28",
        "2035-03-31",
        "2035-04-30",
        "2035-05-31",
        "2035-06-30",
        "2035-07-31",
        "2035-08-31",
        "2035-09-30",
        "2035-10-31",
        "2035-11-30",
        "2035-12-31",
        "2036-01-31",
        "2036-02-29",
        "2036-03-31",
    ]
    async with plan_on_sale(admin, "P1M") as plan:
        await lives_through(world, admin, plan, boundaries, 990)


async def test_yearly_from_29_february(world: World, admin: Student) -> None:
    boundaries = ["2032-02-29", "2033-02-28", "2034-02-28", "2035-02-28", "2036-02-29", "2037-02-28"]

    await lives_through(world, admin, "P1Y", boundaries, 17_990)


async def test_six_months_from_31_august(world: World, admin: Student) -> None:
    boundaries = ["2034-08-31", "2035-02-28", "2035-08-31", "2036-02-29", "2036-08-31", "2037-02-28"]

    await lives_through(world, admin, "P6M", boundaries, 9_990)


async def test_thirty_days_over_a_year(world: World, admin: Student) -> None:
    lived = await Lived.begin(world, admin, "P30D", card="tok_ok")
    boundaries = [lived.began_at + timedelta(days=30 * count) for count in range(14)]

    await lived.until(boundaries[12] + A_MOMENT)

    assert await lived.bills() == [Bill(*ends, 1_990, "paid", PAID) for ends in pairwise(boundaries)]
    assert await lived.timeline() == ["opened", "activated", *(["renewal_opened", "renewed"] * 12)]
    assert (await lived.shown())["status"] == "active"
    await lived.is_settled()
