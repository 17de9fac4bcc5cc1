"""What a promo code takes off over the years: so many billing periods, counted as they are paid."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

from tests.client import Student, refusal
from tests.lives import World
from tests.plans import plan_on_sale
from tests.scenarios.lived import A_MOMENT, Bill, Lived
from tests.scenarios.test_calendar import at
from tests.staff import make_promo_code

PAID = ("succeeded",)
FREE: tuple[str, ...] = ()
PERIOD = timedelta(days=30)
MONTHS = ["2035-01-31", "2035-02-28", "2035-03-31", "2035-04-30", "2035-05-31", "2035-06-30", "2035-07-31"]
YEARS = ["2032-02-29", "2033-02-28", "2034-02-28", "2035-02-28"]


async def lives_through(
    world: World, admin: Student, plan: str, boundaries: list[str], totals: list[int], **terms: Any
) -> Lived:
    """With a code of these terms; `totals` are all its invoices, each paid by card unless it is zero."""
    code = await make_promo_code(admin, **terms)
    start = at(boundaries[0])
    lived = await Lived.begin(world, admin, plan, card="tok_ok", start_at=start, promo_code=code)

    await lived.until(at(boundaries[-1]) - timedelta(hours=1))

    assert await lived.bills() == [
        Bill(at(begins), at(ends), cents, "paid", PAID if cents else FREE)
        for (begins, ends), cents in zip(pairwise(boundaries), totals, strict=True)
    ]
    assert (await lived.shown())["status"] == "active"
    await lived.is_settled()
    counted = (await admin.get(f"/admin/promo-codes/{code}")).json()["redemption_count"]
    assert counted == 1, "a redemption is a start, not a period"
    return lived


async def shown_promo(lived: Lived) -> tuple[bool, int | None]:
    """Whether it has one, and for how many more periods."""
    shown = await lived.shown()
    return shown["promo_code"] is not None, shown["promo_periods_left"]


async def test_once(world: World, admin: Student) -> None:
    async with plan_on_sale(admin, "P1M") as plan:
        lived = await lives_through(
            world, admin, plan, MONTHS, [792, 990, 990, 990, 990, 990], percent_off=20
        )
    assert await shown_promo(lived) == (False, None)


async def test_three_periods(world: World, admin: Student) -> None:
    totals = [663, 663, 663, 990, 990, 990]
    async with plan_on_sale(admin, "P1M") as plan:
        lived = await lives_through(
            world, admin, plan, MONTHS, totals, percent_off=33, duration="repeating", duration_periods=3
        )

    invoices = await lived.invoices()
    assert [[line["kind"] for line in invoice["lines"]] for invoice in invoices] == [
        *([["plan", "discount"]] * 3),
        *([["plan"]] * 3),
    ]
    assert await shown_promo(lived) == (False, None)


async def test_for_ever(world: World, admin: Student) -> None:
    terms = {"amount_off_cents": 300, "currency": "EUR", "duration": "forever"}
    async with plan_on_sale(admin, "P1M") as plan:
        lived = await lives_through(world, admin, plan, MONTHS, [690] * 6, **terms)

    assert await shown_promo(lived) == (True, None)


async def test_a_year_is_one_period(world: World, admin: Student) -> None:
    terms = {"percent_off": 50, "duration": "repeating", "duration_periods": 2}

    await lives_through(world, admin, "P1Y", YEARS, [8_995, 8_995, 17_990], **terms)


async def test_free_periods_charge_nobody_and_then_it_costs(world: World, admin: Student) -> None:
    totals = [0, 0, 990, 990, 990, 990]
    async with plan_on_sale(admin, "P1M") as plan:
        lived = await lives_through(
            world, admin, plan, MONTHS, totals, percent_off=100, duration="repeating", duration_periods=2
        )

    assert await lived.timeline() == [
        "opened",
        "activated",
        *(["renewal_opened", "renewed"] * 5),
    ]


async def test_paid_by_hand_a_free_renewal_waits_for_nobody(world: World, admin: Student) -> None:
    """Its invoice is opened ahead, and paid with it; the period begins at its date."""
    code = await make_promo_code(admin, percent_off=100, duration="forever")
    lived = await Lived.begin(world, admin, promo_code=code)

    await lived.until_day(61)

    assert await lived.bills() == [
        Bill(lived.began_at + index * PERIOD, lived.began_at + (index + 1) * PERIOD, 0, "paid", FREE)
        for index in range(3)
    ]
    assert await lived.timeline() == [
        "opened",
        "activated",
        *(["renewal_opened", "renewal_paid_ahead", "period_begun"] * 2),
    ]
    assert (await lived.shown())["status"] == "active"


async def test_after_a_trial_the_first_paid_period_is_the_first(world: World, admin: Student) -> None:
    code = await make_promo_code(admin, duration="repeating", duration_periods=2)
    async with plan_on_sale(admin, "P30D", trial_days=14) as plan:
        lived = await Lived.begin(world, admin, plan, card="tok_ok", promo_code=code)
    assert await lived.bills() == []
    assert await shown_promo(lived) == (True, 2)

    await lived.until_day(14.5)
    assert await shown_promo(lived) == (True, 1)
    await lived.until_day(75)

    ends_at = lived.began_at + timedelta(days=14)
    assert await lived.bills() == [
        Bill(ends_at + index * PERIOD, ends_at + (index + 1) * PERIOD, cents, "paid", PAID)
        for index, cents in enumerate([792, 792, 990])
    ]
    await lived.is_settled()


async def test_a_declined_period_is_not_used_up(world: World, admin: Student) -> None:
    """What was never paid for counts for nothing: the recovered invoice keeps its discount."""
    code = await make_promo_code(admin, percent_off=50, duration="repeating", duration_periods=2)
    lived = await Lived.begin(world, admin, card="tok_ok", promo_code=code)
    await lived.until(lived.began_at + A_MOMENT)
    await lived.life.store_card("tok_decline_2_then_ok")

    await lived.until_day(30.1)
    assert await shown_promo(lived) == (True, 1)
    await lived.until_day(61)

    totals = [invoice["total_cents"] for invoice in await lived.invoices()]
    assert totals == [995, 995, 1_990]
    assert await shown_promo(lived) == (False, None)


async def test_an_unpaid_start_frees_the_code_for_another(
    world: World, admin: Student, student: Student
) -> None:
    code = await make_promo_code(admin, max_redemptions=1)
    lived = await Lived.begin(world, admin, promo_code=code)
    assert refusal(await student.start(promo_code=code)) == (409, "promo_code_exhausted")

    await lived.until_day(1)

    assert (await lived.shown())["status"] == "incomplete_expired"
    assert (await student.start(promo_code=code)).status_code == 201
