"""Fifty want the last redemption of a code at once: one gets it, and the next when it is given back."""

import asyncio

from tests.client import Student
from tests.db.promo_codes import counted
from tests.lives import World
from tests.races.racers import RACERS, enter_all, race, refusals
from tests.staff import make_promo_code

LOSERS = 5
"""So many try again, each under the key that it was refused under."""


async def test_the_last_one_is_given_once(world: World, admin: Student) -> None:
    code = await make_promo_code(admin, max_redemptions=1, percent_off=50)
    racers = await enter_all(world)

    answers = await race(world, racers, promo_code=code)

    [winner] = [racer for racer, answer in zip(racers, answers, strict=True) if answer.is_success]
    assert refusals(answers) == [(409, "promo_code_exhausted")] * (RACERS - 1)
    await assert_held_by(world, code, ["reserved"])
    for racer in racers:
        has_started = (await racer.student.get("/me/subscription")).json()["status"] != "inactive"
        assert has_started is (racer is winner)
        assert len((await racer.student.get("/invoices")).json()["items"]) == has_started

    started = (await winner.start(promo_code=code)).json()
    assert started["promo_code"] == code
    canceled = await winner.student.post(f"/subscriptions/{started['subscription_id']}/cancel", {})
    assert canceled.is_success
    await assert_held_by(world, code, ["released"])

    losers = [racer for racer in racers if racer is not winner][:LOSERS]
    again = await asyncio.gather(*(racer.start(promo_code=code) for racer in losers))
    assert sorted(answer.status_code for answer in again) == [201] + [409] * (LOSERS - 1)
    await assert_held_by(world, code, ["released", "reserved"])


async def assert_held_by(world: World, code: str, redemptions: list[str]) -> None:
    async with world.database.read() as connection:
        assert await counted(connection, code) == (
            sum(status != "released" for status in redemptions),
            redemptions,
        )
