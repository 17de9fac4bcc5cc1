"""`italiano plan migrate`: who runs at an older price moves to a new one, with notice, once."""

import json
import subprocess
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from tests.cli.test_commands import run
from tests.client import Student
from tests.clock_turn import turned
from tests.lives import Life, World
from tests.plans import plan_on_sale

NEW_CENTS = 1_490
APPLY = ("--apply", "--reason", "announced in May")


@pytest.fixture
async def plan(admin: Student) -> AsyncIterator[str]:
    async with plan_on_sale(admin, "P30D") as code:
        yield code


async def sell_dearer(admin: Student, plan: str) -> None:
    price = {"price_cents": NEW_CENTS, "currency": "EUR"}
    assert (await admin.post(f"/admin/plans/{plan}/prices", price)).status_code == 201


async def paid(world: World, plan: str) -> Life:
    life = await Life.begin(world, plan, card="tok_ok")
    await life.becomes("active")
    return life


async def migrate(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    return await run("cli.main", "plan", "migrate", *arguments, **world.stack.environment)


def counted(done: subprocess.CompletedProcess[str]) -> dict[str, int]:
    assert done.returncode == 0, done.stderr
    lines = [line.rsplit(maxsplit=1) for line in done.stdout.splitlines() if line[-1].isdecimal()]
    return {what.strip(): int(count) for what, count in lines}


async def notices(life: Life) -> list[dict[str, object]]:
    query = text(
        "SELECT details FROM outbox"
        " WHERE subscription_id = :id AND event = 'subscription.price_change_notice'"
    )
    async with life.world.database.read() as connection:
        return list((await connection.execute(query, {"id": life.subscription_id})).scalars())


async def totals(life: Life) -> list[int]:
    return [i["total_cents"] for i in reversed((await life.student.get("/invoices")).json()["items"])]


async def test_it_can_be_stopped_and_continued_and_moves_each_one_once(
    world: World, admin: Student, plan: str
) -> None:
    lives = [await paid(world, plan) for _ in range(3)]
    leaving, near, choosing = [await paid(world, plan) for _ in range(3)]
    await leaving.post("cancel")
    await turned(admin, near, "P28D")
    await choosing.post("change-plan", {"plan_code": "P1Y", "when": "period_end"})
    await sell_dearer(admin, plan)
    fresh = await paid(world, plan)
    others = {"leaves": 1, "too near": 1}

    dry = counted(await migrate(world, plan, "--to-version", "latest"))
    assert dry == {"would be moved": 4} | others
    assert [await notices(life) for life in lives] == [[], [], []]

    assert counted(await migrate(world, plan, "--to-version", "2", *APPLY, "--limit", "1")) == {"moved": 1}
    first, *rest = lives
    assert (len(await notices(first)), [await notices(life) for life in rest]) == (1, [[], []])
    again = counted(await migrate(world, plan, "--to-version", "latest", *APPLY))
    assert again == {"moved": 3, "done": 1} | others
    assert (
        counted(await migrate(world, plan, "--to-version", "2", *APPLY))
        == {
            "moved": 0,
            "done": 4,
        }
        | others
    )

    for life in lives:
        [notice] = await notices(life)
        assert (notice["price_cents"], notice["from_price_cents"]) == (NEW_CENTS, 990)
        assert (await life.student.get("/me/subscription")).json()["scheduled_plan_code"] == plan
    await turned(admin, first, "P61D")
    assert await totals(first) == [990, NEW_CENTS, NEW_CENTS]
    await turned(admin, near, "P4D")
    assert await totals(near) == [990, 990]
    last = counted(await migrate(world, plan, "--to-version", "2", *APPLY))
    assert last == {"moved": 1, "done": 3, "leaves": 1}
    assert (await fresh.book()).timeline == ["opened", "activated"]


async def test_who_moved_it_and_why_is_told_and_needed(world: World, admin: Student, plan: str) -> None:
    life = await paid(world, plan)
    await sell_dearer(admin, plan)
    to = (plan, "--to-version", "latest", "--json")

    without = await migrate(world, *to, "--apply")
    assert (without.returncode, without.stdout) == (1, "")
    assert without.stderr == "FAIL --reason: say why, in 1 to 500 characters\n"
    assert json.loads((await migrate(world, *to)).stdout) == {"is_dry": True, "moves": 1}
    assert json.loads((await migrate(world, *to, *APPLY)).stdout) == {"is_dry": False, "moves": 1}

    path = f"/admin/subscriptions/{life.subscription_id}/timeline"
    newest = (await admin.get(path)).json()["items"][-1]
    assert (newest["actor"].split(":")[0], newest["note"]) == ("operator", "announced in May")


async def test_a_choice_that_is_taken_back_dodges_no_price(world: World, admin: Student, plan: str) -> None:
    """Whether it was made before the price moved, or after it."""
    before, after, leaving = [await paid(world, plan) for _ in range(3)]
    later = {"plan_code": "P1Y", "when": "period_end"}
    await before.post("change-plan", later)
    await sell_dearer(admin, plan)
    assert counted(await migrate(world, plan, "--to-version", "2", *APPLY)) == {"moved": 3}
    for life in (after, leaving):
        await life.post("change-plan", later)
        assert (await life.student.get("/me/subscription")).json()["scheduled_plan_code"] == "P1Y"

    path = f"/subscriptions/{after.subscription_id}/change-plan/preview"
    seen = (await after.student.post(path, {"plan_code": plan})).json()
    assert seen["amount_due_cents"] == NEW_CENTS
    for life in (before, after):
        assert (await life.post("change-plan", {"plan_code": plan})).status_code == 200
        [notice] = await notices(life)
        assert notice.get("chosen_plan") == ("P1Y" if life is before else None)
    for life in (before, after, leaving):
        await turned(admin, life, "P31D")

    assert [await totals(life) for life in (before, after)] == [[990, NEW_CENTS]] * 2
    assert await totals(leaving) == [990, 17_990]


@pytest.mark.parametrize(
    ("code", "version", "refused"),
    [
        ("P99Y", "latest", "FAIL there is no such version of the price of P99Y\n"),
        ("P30D", "99", "FAIL there is no such version of the price of P30D\n"),
        ("P30D", "newest", "FAIL 'newest' is neither a version nor latest\n"),
    ],
)
async def test_a_price_that_there_is_not(world: World, code: str, version: str, refused: str) -> None:
    done = await migrate(world, code, "--to-version", version, *APPLY)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith(refused)
