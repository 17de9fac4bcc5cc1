"""Renewals that are declined: recovered by a retry, given up, or left unpaid until somebody pays."""

from datetime import timedelta

from tests.client import Student
from tests.clock_turn import instant
from tests.lives import World
from tests.plans import plan_on_sale
from tests.scenarios.lived import A_MOMENT, Bill, Lived

PERIOD = timedelta(days=30)
FAILED, SUCCEEDED = "failed", "succeeded"


def billed(lived: Lived, index: int, status: str, *payments: str, cents: int = 1_990) -> Bill:
    return Bill(
        lived.began_at + index * PERIOD, lived.began_at + (index + 1) * PERIOD, cents, status, payments
    )


async def begin_with_card_that(world: World, admin: Student, token: str, plan: str = "P30D") -> Lived:
    """Paid by a good card at first; renewals go to this one."""
    lived = await Lived.begin(world, admin, plan, card="tok_ok")
    await lived.until(lived.began_at + A_MOMENT)
    await lived.life.store_card(token)
    return lived


async def test_a_declined_renewal_is_recovered_by_the_second_retry(world: World, admin: Student) -> None:
    lived = await begin_with_card_that(world, admin, "tok_decline_2_then_ok")

    await lived.until_day(30.1)
    assert (await lived.shown())["status"] == "past_due"
    assert (await lived.shown())["access"]["allowed"]
    await lived.until_day(61)

    assert await lived.bills() == [
        billed(lived, 0, "paid", SUCCEEDED),
        billed(lived, 1, "paid", FAILED, FAILED, SUCCEEDED),
        billed(lived, 2, "paid", SUCCEEDED),
    ]
    assert await lived.timeline() == [
        "opened",
        "activated",
        "payment_method_set",
        *("renewal_opened", "payment_declined", "fell_due"),
        *("payment_retried", "payment_declined", "payment_retried", "recovered"),
        *("renewal_opened", "renewed"),
    ]
    days = [(instant(payment["created_at"]) - lived.began_at).days for payment in await lived.payments()]
    assert days == [0, 30, 32, 37, 60]
    assert (await lived.shown())["status"] == "active"
    await lived.is_settled()


async def test_a_renewal_that_stays_declined_is_given_up(world: World, admin: Student) -> None:
    lived = await begin_with_card_that(world, admin, "tok_insufficient_funds")

    await lived.until_day(37.5)
    assert (await lived.shown())["access"] == {
        "allowed": False,
        "until": None,
        "reason": "payment_required",
        "source": "own",
    }
    await lived.until_day(80)

    assert await lived.bills() == [
        billed(lived, 0, "paid", SUCCEEDED),
        billed(lived, 1, "uncollectible", *[FAILED] * 5),
    ]
    assert await lived.timeline() == [
        "opened",
        "activated",
        "payment_method_set",
        *("renewal_opened", "payment_declined", "fell_due"),
        *(["payment_retried", "payment_declined"] * 4),
        "uncollected",
    ]
    days = [(instant(payment["created_at"]) - lived.began_at).days for payment in await lived.payments()]
    assert days == [0, 30, 32, 37, 44, 51]
    shown = await lived.shown()
    assert (shown["status"], (instant(shown["ended_at"]) - lived.began_at).days) == ("canceled", 51)
    await lived.is_settled()


async def test_one_left_unpaid_begins_anew_when_it_is_paid(world: World, admin: Student) -> None:
    dunning = {"retry_days": [2, 7], "final_action": "unpaid"}
    async with plan_on_sale(admin, "P30D", dunning=dunning) as plan:
        lived = await begin_with_card_that(world, admin, "tok_insufficient_funds", plan)

    await lived.until_day(200)
    shown = await lived.shown()
    assert (shown["status"], shown["next_action"], shown["next_action_at"]) == ("unpaid", None, None)
    await lived.is_settled()
    await lived.life.store_card("tok_ok")
    await lived.until(lived.own_now + A_MOMENT)

    again_at = instant((await lived.shown())["current_period_start"])
    assert lived.own_now - again_at < timedelta(hours=1)
    await lived.until(again_at + PERIOD + A_MOMENT)
    assert await lived.bills() == [
        billed(lived, 0, "paid", SUCCEEDED, cents=990),
        billed(lived, 1, "paid", FAILED, FAILED, FAILED, SUCCEEDED, cents=990),
        Bill(again_at + PERIOD, again_at + 2 * PERIOD, 990, "paid", (SUCCEEDED,)),
    ]
    assert await lived.timeline() == [
        "opened",
        "activated",
        "payment_method_set",
        *("renewal_opened", "payment_declined", "fell_due"),
        *(["payment_retried", "payment_declined"] * 2),
        "left_unpaid",
        *("payment_method_set", "payment_requested", "reactivated"),
        *("renewal_opened", "renewed"),
    ]
    assert (await lived.shown())["status"] == "active"
    await lived.is_settled()


async def test_a_stolen_card_is_not_charged_again_and_a_new_one_at_once(world: World, admin: Student) -> None:
    lived = await begin_with_card_that(world, admin, "tok_stolen")

    await lived.until_day(40)
    assert (await lived.shown())["status"] == "past_due"
    await lived.life.store_card("tok_ok")
    await lived.until_day(61)

    assert await lived.bills() == [
        billed(lived, 0, "paid", SUCCEEDED),
        billed(lived, 1, "paid", FAILED, SUCCEEDED),
        billed(lived, 2, "paid", SUCCEEDED),
    ]
    assert await lived.timeline() == [
        "opened",
        "activated",
        "payment_method_set",
        *("renewal_opened", "payment_declined", "fell_due", "payment_reminded", "payment_reminded"),
        *("payment_method_set", "payment_requested", "recovered"),
        *("renewal_opened", "renewed"),
    ]
    await lived.is_settled()
