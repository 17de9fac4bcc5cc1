"""Ten who hold an invitation to the last seat: one gets it."""

import asyncio

from tests.families import SEATS, accept, begin_family, invite, join, member_ids, of, shown, somebody
from tests.lives import World
from tests.races.racers import refusals

RACERS = 10


async def test_the_fifth_seat_is_given_once(world: World) -> None:
    family = await begin_family(world)
    for _ in range(SEATS - 2):
        await join(family)
    tokens = [(await invite(family))["token"] for _ in range(RACERS)]
    racers = [await somebody(world) for _ in range(RACERS)]

    answers = await asyncio.gather(
        *(accept(racer, token) for racer, token in zip(racers, tokens, strict=True))
    )

    [winner] = [racer for racer, answer in zip(racers, answers, strict=True) if answer.is_success]
    assert refusals(answers) == [(409, "seats_full")] * (RACERS - 1)
    assert (await shown(family))["seats"] == {"taken": SEATS, "total": SEATS}
    assert (await member_ids(family))[-1] == winner.id
    assert len((await shown(family))["invitations"]) == RACERS - 1
    assert (await family.book()).timeline.count("member_joined") == SEATS - 1


async def test_one_user_accepts_two_families_at_once(world: World) -> None:
    families = [await begin_family(world) for _ in range(2)]
    tokens = [(await invite(family))["token"] for family in families]
    racer = await somebody(world)

    answers = await asyncio.gather(*(accept(racer, token) for token in tokens))

    assert refusals(answers) == [(409, "already_a_member")]
    assert sorted([await member_ids(family) for family in families]) == [[], [racer.id]]


async def test_a_smaller_plan_and_a_member_exclude_each_other(world: World) -> None:
    family = await begin_family(world)
    token, racer = (await invite(family))["token"], await somebody(world)

    joined, changed = await asyncio.gather(
        accept(racer, token), family.student.post(of(family, "change-plan"), {"plan_code": "P1Y"})
    )

    assert refusals([joined, changed]) in (
        [(409, "not_a_family_plan")],
        [(409, "seats_taken")],
    )
    seats = (await shown(family))["seats"]
    assert seats == ({"taken": 2, "total": SEATS} if joined.is_success else {"taken": 1, "total": 1})
