"""Fifty who have found one gift card: it is given once, and the others have started and paid nothing."""

import asyncio

from tests.client import Student, refusal
from tests.gift_cards import check_purses, issue
from tests.lives import Life, World
from tests.races.racers import RACERS, enter_all, race, refusals

FEWER = 10
NOT_FOUND = (404, "gift_card_not_found")


async def test_fifty_starts_with_one_card(world: World, admin: Student) -> None:
    [code] = await issue(admin, 5_000)
    racers = await enter_all(world)

    answers = await race(world, racers, gift_code=code)

    won = [answer.json() for answer in answers if answer.is_success]
    assert [(start["status"], start["gift_cents"]) for start in won] == [("active", 1_990)]
    assert refusals(answers) == [NOT_FOUND] * (RACERS - 1)
    for racer, answer in zip(racers, answers, strict=True):
        invoices = (await racer.student.get("/invoices")).json()["items"]
        purse = (await racer.student.get("/me/purse")).json()
        assert len(invoices) == len(purse["gift_cards"]) == int(answer.is_success)
    await check_purses(world.database)


async def test_running_subscriptions_redeem_one_card(world: World, admin: Student) -> None:
    [code] = await issue(admin, 5_000)
    lives = [await Life.begin(world) for _ in range(FEWER)]

    answers = await asyncio.gather(
        *(
            life.student.post(f"/subscriptions/{life.subscription_id}/redeem", {"gift_code": code})
            for life in lives
        )
    )

    owners = [life for life, answer in zip(lives, answers, strict=True) if answer.is_success]
    assert len(owners) == 1
    assert refusals(answers) == [NOT_FOUND] * (FEWER - 1)
    assert [life for life in lives if "gift_redeemed" in (await life.book()).timeline] == owners


async def test_one_user_redeems_a_card_and_starts_with_it(world: World, admin: Student) -> None:
    """Both name the same card for the same user: neither takes it from the other."""
    [code] = await issue(admin, 5_000)
    life = await Life.begin(world)

    redeemed, started = await asyncio.gather(
        life.student.post(f"/subscriptions/{life.subscription_id}/redeem", {"gift_code": code}),
        life.student.start(gift_code=code),
    )

    assert (started.status_code, started.json()["gift_cents"]) == (201, 1_990)
    assert redeemed.is_success or refusal(redeemed) == (409, "subscription_ended")
    purse = (await life.student.get("/me/purse")).json()
    assert purse["totals"] == [{"currency": "EUR", "gift_cents": 3_010, "balance_cents": 0}]
    await check_purses(world.database)
