"""A trial: nothing is billed before its end, which is the anchor of everything after."""

from datetime import timedelta

from tests.client import Student
from tests.lives import World
from tests.plans import plan_on_sale
from tests.scenarios.lived import Bill, Lived

TRIAL = timedelta(days=14)
PERIOD = timedelta(days=30)


async def test_a_trial_with_a_card_is_paid_at_its_end(world: World, admin: Student) -> None:
    async with plan_on_sale(admin, "P30D", trial_days=14) as plan:
        lived = await Lived.begin(world, admin, plan, card="tok_ok")
    assert await lived.bills() == []
    shown = await lived.shown()
    assert (shown["status"], shown["access"]["allowed"]) == ("trialing", True)

    await lived.until_day(13.9)
    assert await lived.bills() == []
    await lived.until_day(45)

    ends_at = lived.began_at + TRIAL
    assert await lived.bills() == [
        Bill(ends_at, ends_at + PERIOD, 990, "paid", ("succeeded",)),
        Bill(ends_at + PERIOD, ends_at + 2 * PERIOD, 990, "paid", ("succeeded",)),
    ]
    assert await lived.timeline() == ["trial_started", *(["renewal_opened", "renewed"] * 2)]
    assert (await lived.shown())["status"] == "active"
    await lived.is_settled()


async def test_a_trial_without_a_payment_method_that_nobody_pays(world: World, admin: Student) -> None:
    async with plan_on_sale(admin, "P30D", trial_days=14) as plan:
        lived = await Lived.begin(world, admin, plan)

    await lived.until_day(20)
    shown = await lived.shown()
    assert (shown["status"], shown["access"]["allowed"]) == ("past_due", True)
    await lived.until_day(22)
    assert not (await lived.shown())["access"]["allowed"]
    await lived.until_day(60)

    ends_at = lived.began_at + TRIAL
    assert await lived.bills() == [Bill(ends_at, ends_at + PERIOD, 990, "uncollectible", ("failed",))]
    assert await lived.timeline() == [
        "trial_started",
        *("renewal_opened", "fell_due"),
        *(["payment_reminded"] * 3),
        "uncollected",
    ]
    assert (await lived.shown())["status"] == "canceled"
    await lived.is_settled()


async def test_a_trial_that_is_canceled_ends_unbilled(world: World, admin: Student) -> None:
    async with plan_on_sale(admin, "P30D", trial_days=14) as plan:
        lived = await Lived.begin(world, admin, plan, card="tok_ok")
    await lived.life.post("cancel", {"at_period_end": True})

    await lived.until_day(15)

    assert await lived.bills() == []
    assert await lived.timeline() == ["trial_started", "cancel_scheduled", "ended"]
    assert (await lived.shown())["status"] == "canceled"
    await lived.is_settled()
