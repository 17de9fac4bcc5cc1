"""Years on changing plans: every invoice, to the cent and to the day."""

from datetime import timedelta

from sqlalchemy import text

from tests.client import Student
from tests.clock_turn import instant
from tests.lives import World
from tests.plans import plan_on_sale
from tests.races.commands import card
from tests.scenarios.lived import A_MOMENT, Bill, Lived

PERIOD = timedelta(days=30)
MARCH = instant("2035-03-01T08:00:00Z")
PAID = ("succeeded",)


async def change(lived: Lived, plan_code: str, when: str | None = None) -> int:
    answer = await lived.life.post("change-plan", {"plan_code": plan_code, "when": when})
    assert answer.is_success, answer.text
    return answer.status_code


def at_whole_seconds(bills: list[Bill]) -> list[tuple[str, str, int, str]]:
    """Dates alone: a change is made at an instant of its own."""
    return [
        (f"{bill.period_start:%m-%d}", f"{bill.period_end:%m-%d}", bill.total_cents, bill.status)
        for bill in bills
    ]


async def test_up_in_the_middle_down_at_the_end_and_up_to_a_year(world: World, admin: Student) -> None:
    lived = await Lived.begin(world, admin, card=card(), start_at=MARCH)
    async with plan_on_sale(admin, "P30D", price_cents=3_990) as dear:
        await lived.until_day(15)
        assert await change(lived, dear) == 200  # 19.95 for half a period, less 9.95
        await lived.until_day(22.5)
        assert await change(lived, "P30D") == 200  # from the next period on
        await lived.until_day(45)
        assert await change(lived, dear) == 200
    await lived.until_day(52.5)
    assert await change(lived, "P1Y") == 200  # 179.90, less what is left of the last quarter of 39.90
    await lived.until_day(60)

    assert at_whole_seconds(await lived.bills()) == [
        ("03-01", "03-31", 1_990, "paid"),
        ("03-16", "03-31", 1_000, "paid"),
        ("03-31", "04-30", 1_990, "paid"),
        ("04-15", "04-30", 1_000, "paid"),
        ("04-22", "04-22", 17_990 - 997, "paid"),
    ]
    assert await lived.timeline() == [
        "opened",
        "activated",
        *("plan_change_opened", "plan_changed"),
        "plan_change_scheduled",
        *("renewal_opened", "renewed"),
        *("plan_change_opened", "plan_changed") * 2,
    ]
    shown = await lived.shown()
    assert (shown["plan_code"], shown["current_period_end"][:10]) == ("P1Y", "2036-04-22")
    await lived.is_settled()


async def test_paid_by_hand_the_renewal_that_was_opened_ahead_makes_way(world: World, admin: Student) -> None:
    lived = await Lived.begin(world, admin, start_at=MARCH)
    await lived.pay_open_invoice()
    async with plan_on_sale(admin, "P30D", price_cents=3_990) as dear:
        await lived.until_day(28)
        assert await change(lived, dear) == 202
        await lived.until_day(28.9)
        assert (await lived.shown())["plan_code"] == "P30D"
        await lived.until_day(29)  # 23 hours and more have passed: nobody paid, nothing has changed
        assert (await lived.shown())["next_action"] == "fall_due"
        assert await change(lived, dear, "period_end") == 200
    await lived.until_day(29.5)
    await lived.pay_open_invoice()
    await lived.until_day(31)

    assert at_whole_seconds(await lived.bills()) == [
        ("03-01", "03-31", 1_990, "paid"),
        ("03-31", "04-30", 1_990, "void"),
        ("03-29", "03-31", 133, "void"),  # two of thirty days: 2.66 less 1.33
        ("03-31", "04-30", 1_990, "void"),
        ("03-31", "04-30", 3_990, "paid"),
    ]
    shown = await lived.shown()
    assert (shown["plan_code"], shown["scheduled_plan_code"]) == (dear, None)
    await lived.is_settled()


async def test_a_year_left_for_a_dearer_month_pays_for_the_months_after_it(
    world: World, admin: Student
) -> None:
    """More seats are up: the credit of the year is more than the month, and is used until it is gone."""
    lived = await Lived.begin(world, admin, "P1Y", card=card(), start_at=MARCH)
    async with plan_on_sale(admin, "P30D", price_cents=7_990, seats=5) as family:
        assert await change(lived, family) == 200
    await lived.until_day(95)

    bills = await lived.bills()
    assert [(bill.total_cents, bill.status, bill.payments) for bill in bills] == [
        (17_990, "paid", PAID),
        (0, "paid", ()),
        (7_990, "paid", ()),  # of 100.00 on the balance
        (7_990, "paid", PAID),  # the last 20.10 of it, and the rest by card
        (7_990, "paid", PAID),
    ]
    charges = await world.stack.psp.charges(lived.life.subscription_id)
    assert [charge["amount_cents"] for charge in charges] == [17_990, 7_990 - 2_010, 7_990]
    balances = (await lived.life.book()).balances
    assert "customer_balance" not in balances
    assert balances["cash_at_provider"] == 17_990 + 5_980 + 7_990
    await lived.is_settled()


async def test_a_new_price_touches_new_subscriptions_only(world: World, admin: Student) -> None:
    async with plan_on_sale(admin, "P30D") as plan:
        old = await Lived.begin(world, admin, plan, card=card())
        price = {"price_cents": 1_490, "currency": "EUR"}
        assert (await admin.post(f"/admin/plans/{plan}/prices", price)).status_code == 201
        new = await Lived.begin(world, admin, plan, card=card())
        for lived in (old, new):
            await lived.life.becomes("active")
            await lived.until_day(61)

    async def totals(lived: Lived) -> list[int]:
        return [invoice["total_cents"] for invoice in await lived.invoices()]

    assert (await totals(old), await totals(new)) == ([990] * 3, [1_490] * 3)


async def test_a_reminder_follows_a_change(world: World, admin: Student) -> None:
    lived = await Lived.begin(world, admin, card=card(), start_at=MARCH)
    await lived.until_day(10)
    await change(lived, "P1Y")
    query = text("SELECT due_at FROM outbox WHERE subscription_id = :id AND event = 'renewal.upcoming'")
    async with world.database.read() as connection:
        due = list((await connection.execute(query, {"id": lived.life.subscription_id})).scalars())

    [reminded_at] = due
    ends_at = instant((await lived.shown())["current_period_end"])
    assert ends_at - reminded_at == timedelta(days=7)
    assert abs(ends_at.replace(year=2035) - MARCH - timedelta(days=10)) < A_MOMENT
    assert ends_at - MARCH > PERIOD
