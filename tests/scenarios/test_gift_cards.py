"""Years on gift cards, through the API and the clock: every invoice, and what paid it."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from tests.client import Student
from tests.gift_cards import check_purses, issue
from tests.lives import World
from tests.plans import plan_on_sale
from tests.scenarios.lived import Lived

SHORTLY = timedelta(hours=1)


async def paid_with(lived: Lived) -> list[tuple[str, int, int, list[tuple[int, str]]]]:
    """Of every invoice: status, total, what gift cards paid, and its payments."""
    return [
        (
            invoice["status"],
            invoice["total_cents"],
            invoice["gift_cents"],
            [(payment["amount_cents"], payment["status"]) for payment in invoice["payments"]],
        )
        for invoice in await lived.invoices()
    ]


async def purse(lived: Lived) -> list[int]:
    """What is left on each card, in the order of their use."""
    body: dict[str, Any] = (await lived.life.student.get("/me/purse")).json()
    return [card["balance_cents"] for card in body["gift_cards"]]


async def redeem(lived: Lived, code: str) -> None:
    path = f"/subscriptions/{lived.life.subscription_id}/redeem"
    answer = await lived.life.student.post(path, {"gift_code": code})
    assert answer.status_code == 200, answer.text


async def test_two_cards_over_five_renewals_then_the_method_is_charged(world: World, admin: Student) -> None:
    first, second = [(await issue(admin, cents))[0] for cents in (5_000, 3_000)]
    lived = await Lived.begin(world, admin, card=f"tok_ok-{uuid.uuid4().hex}", gift_code=first)
    assert (await lived.shown())["status"] == "active"
    await redeem(lived, second)
    assert await purse(lived) == [3_010, 3_000]

    await lived.until_day(29)
    assert len(await lived.invoices()) == 1
    for period in range(1, 6):
        await lived.until(lived.began_at + period * timedelta(days=30) + SHORTLY)

    assert await paid_with(lived) == [
        ("paid", 1_990, 1_990, []),
        ("paid", 1_990, 1_990, []),
        ("paid", 1_990, 1_990, []),
        ("paid", 1_990, 1_990, []),
        ("paid", 1_990, 40, [(1_950, "succeeded")]),
        ("paid", 1_990, 0, [(1_990, "succeeded")]),
    ]
    assert await purse(lived) == [0, 0]
    assert [bill.period_start - lived.began_at for bill in await lived.bills()] == [
        period * timedelta(days=30) for period in range(6)
    ]
    assert (await lived.timeline()).count("renewed") == 5
    await lived.is_settled()
    await check_purses(world.database)


async def test_whoever_pays_by_hand_is_asked_for_the_rest(world: World, admin: Student) -> None:
    [code] = await issue(admin, 2_490)
    lived = await Lived.begin(world, admin, gift_code=code)

    await lived.until_day(28)
    assert await paid_with(lived) == [
        ("paid", 1_990, 1_990, []),
        ("open", 1_990, 500, [(1_490, "pending")]),
    ]
    await lived.pay_open_invoice()
    await lived.until_day(30.1)

    assert (await lived.shown())["status"] == "active"
    assert await purse(lived) == [0]


async def test_a_renewal_that_is_covered_ahead_begins_at_its_boundary(world: World, admin: Student) -> None:
    [code] = await issue(admin, 5_000)
    lived = await Lived.begin(world, admin, gift_code=code)

    happened = await lived.until_day(28)
    assert happened == ["renewal_opened", "renewal_paid_ahead"]
    assert await lived.until_day(30.1) == ["period_begun"]

    assert await paid_with(lived) == [("paid", 1_990, 1_990, [])] * 2
    assert await purse(lived) == [1_020]


async def test_what_is_canceled_unpaid_comes_back_for_the_next_start(world: World, admin: Student) -> None:
    [code] = await issue(admin, 2_490)
    lived = await Lived.begin(world, admin, gift_code=code)
    await lived.until_day(28)
    assert await purse(lived) == [0]

    student = lived.life.student
    cancel = f"/subscriptions/{lived.life.subscription_id}/cancel"
    assert (await student.post(cancel, {"at_period_end": False})).is_success
    assert await paid_with(lived) == [
        ("paid", 1_990, 1_990, []),
        ("void", 1_990, 500, [(1_490, "failed")]),
    ]
    assert await purse(lived) == [500]

    again = (await student.start()).json()
    assert (again["gift_cents"], again["amount_cents"], again["gift_code"]) == (500, 1_490, None)
    await check_purses(world.database)


@asynccontextmanager
async def left_unpaid(world: World, admin: Student) -> AsyncIterator[Lived]:
    """Its dunning is over, and a gift card is redeemed since."""
    dunning = {"retry_days": [2], "final_action": "unpaid"}
    async with plan_on_sale(admin, "P30D", dunning=dunning) as plan:
        lived = await Lived.begin(world, admin, plan)
        await lived.pay_open_invoice()
        await lived.until_day(40)
        assert (await lived.shown())["status"] == "unpaid"
        [code] = await issue(admin, 5_000)
        await redeem(lived, code)
        yield lived


async def test_reactivated_it_pays_what_was_due_and_the_card_pays_the_next(
    world: World, admin: Student
) -> None:
    async with left_unpaid(world, admin) as lived:
        await lived.pay_open_invoice()
        assert ((await lived.shown())["status"], await purse(lived)) == ("active", [5_000])
        await lived.until_day(68)

    assert [(status, gift) for status, _, gift, _ in await paid_with(lived)] == [
        ("paid", 0),
        ("paid", 0),
        ("paid", 990),
    ]
    await check_purses(world.database)


async def test_left_unpaid_and_canceled_the_card_pays_a_new_start(world: World, admin: Student) -> None:
    async with left_unpaid(world, admin) as lived:
        await lived.life.post("cancel")
        started = (await lived.life.student.start()).json()

    assert (started["status"], started["gift_cents"], started["amount_cents"]) == ("active", 1_990, 0)
    await check_purses(world.database)


async def test_a_card_that_expires_is_used_until_then(world: World, admin: Student) -> None:
    lived = await Lived.begin(world, admin, card=f"tok_ok-{uuid.uuid4().hex}")
    await lived.until_day(1)
    expires_at = lived.began_at + timedelta(days=45)
    [code] = await issue(admin, 5_000, expires_at=expires_at.isoformat())
    await redeem(lived, code)

    await lived.until_day(60.1)

    assert await paid_with(lived) == [
        ("paid", 1_990, 0, [(1_990, "succeeded")]),
        ("paid", 1_990, 1_990, []),
        ("paid", 1_990, 0, [(1_990, "succeeded")]),
    ]
    body = (await lived.life.student.get("/me/purse")).json()
    assert body["totals"] == [{"currency": "EUR", "gift_cents": 0, "balance_cents": 0}]
    assert await purse(lived) == [3_010]
