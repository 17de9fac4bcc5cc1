"""A subscription that changes hands twice, as `italiano report mrr` and `churn` see it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.cli.in_process import italiano
from tests.client import Student
from tests.clock_turn import turned
from tests.families import join, somebody, transfer
from tests.lives import Life, World
from tests.races.commands import card
from tests.staff import make_plan

CURRENCY = "CHF"
"""Nobody else's: reports are of all the books."""
BEGAN_AT = datetime(2030, 1, 10, 9, tzinfo=UTC)
FOUR_MONTHS = ("--from", "2030-01-01", "--to", "2030-05-01")


async def test_it_counts_for_whoever_has_it_and_the_transfers_move_nothing(
    world: World, admin: Student
) -> None:
    plan = await make_plan(admin, price_cents=1_220, currency=CURRENCY, seats=5)
    better = await make_plan(admin, price_cents=2_440, currency=CURRENCY, seats=6)
    anna = await somebody(world)
    family = await Life.begin(world, plan, student=anna, card=card(), start_at=BEGAN_AT)
    await family.becomes("active")
    bruno = await join(family)
    assert (await bruno.add_card(card())).is_success

    await turned(admin, family, "P41D")  # Anna has renewed on 10 February
    await is_handed_on(family, bruno)
    await turned(admin, family, "P28D")  # and Bruno on 10 March
    assert (await family.post("change-plan", {"plan_code": better})).is_success
    await turned(admin, family, "P20D")
    await is_handed_on(family, anna)
    await turned(admin, family, "P10D")  # and Anna on 10 April, on the better plan
    assert (await family.post("cancel", {"at_period_end": False})).is_success
    again = await Life.begin(world, plan, student=bruno, card=card(), start_at=BEGAN_AT + timedelta(days=105))
    await again.becomes("active")

    assert await reported(world, "mrr") == [
        mrr("2030-01-01", 0, 1_000, new_cents=1_000),
        mrr("2030-02-01", 1_000, 1_000),
        mrr("2030-03-01", 1_000, 2_000, expansion_cents=1_000),
        mrr("2030-04-01", 2_000, 1_000, churn_cents=-2_000, reactivation_cents=1_000),
    ]
    assert await reported(world, "churn") == [
        subscribers("2030-01-01", 0, 1, None, started=1),
        subscribers("2030-02-01", 1, 1, 0),
        subscribers("2030-03-01", 1, 1, 0),
        subscribers("2030-04-01", 1, 1, 10_000, returned=1, ended=1),
    ]


async def is_handed_on(family: Life, to: Student) -> None:
    answer = await transfer(family, to)
    assert answer.is_success, answer.text
    family.student = to


async def reported(world: World, name: str) -> list[dict[str, Any]]:
    told = await italiano(world.stack, "report", name, *FOUR_MONTHS, "--json")
    return [row for row in json.loads(told.out) if row["currency"] == CURRENCY]


def mrr(month: str, opening: int, closing: int, **moved: int) -> dict[str, Any]:
    kinds = ("new", "expansion", "contraction", "churn", "reactivation")
    unmoved = {f"{kind}_cents": 0 for kind in kinds}
    ends = {"opening_cents": opening, "closing_cents": closing}
    return {"month": month, "currency": CURRENCY} | ends | unmoved | moved


def subscribers(month: str, opening: int, closing: int, churn_bp: int | None, **moved: int) -> dict[str, Any]:
    unmoved = dict.fromkeys(("started", "returned", "handed_on", "ended"), 0)
    ends = {"opening": opening, "closing": closing, "churn_bp": churn_bp}
    return {"month": month, "currency": CURRENCY} | ends | unmoved | moved
