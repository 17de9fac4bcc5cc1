"""Without a stored payment method a person pays each renewal, which is opened ahead of its boundary."""

from datetime import timedelta

from tests.client import Student
from tests.lives import World
from tests.scenarios.lived import Bill, Lived

PERIOD = timedelta(days=30)


def billed(lived: Lived, index: int, status: str, *payments: str) -> Bill:
    return Bill(
        lived.began_at + index * PERIOD, lived.began_at + (index + 1) * PERIOD, 1_990, status, payments
    )


async def test_three_periods_paid_by_webhook_and_a_fourth_that_is_not(world: World, admin: Student) -> None:
    lived = await Lived.begin(world, admin)
    await lived.pay_open_invoice()
    for renewal in (1, 2, 3):
        await lived.until_day(30 * renewal - 2)
        await lived.pay_open_invoice()

    await lived.until_day(117.5)
    assert (await lived.shown())["status"] == "active"
    await lived.until_day(200)

    assert await lived.bills() == [
        *(billed(lived, index, "paid", "succeeded") for index in range(4)),
        billed(lived, 4, "uncollectible", "failed"),
    ]
    assert await lived.timeline() == [
        "opened",
        "activated",
        *(["renewal_opened", "renewal_paid_ahead", "period_begun"] * 3),
        *("renewal_opened", "fell_due"),
        *(["payment_reminded"] * 3),
        "uncollected",
    ]
    shown = await lived.shown()
    assert (shown["status"], shown["access"]["allowed"]) == ("canceled", False)
    await lived.is_settled()


async def test_one_that_is_paid_in_the_days_of_grace_keeps_its_dates(world: World, admin: Student) -> None:
    lived = await Lived.begin(world, admin)
    await lived.pay_open_invoice()
    await lived.until_day(34)
    assert (await lived.shown())["status"] == "past_due"

    await lived.pay_open_invoice()
    await lived.until_day(56)

    assert await lived.bills() == [billed(lived, index, "paid", "succeeded") for index in range(2)]
    assert await lived.timeline() == [
        "opened",
        "activated",
        *("renewal_opened", "fell_due", "payment_reminded", "recovered"),
    ]
    assert (await lived.shown())["status"] == "active"
    await lived.is_settled()
