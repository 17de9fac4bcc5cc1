"""A plan is sold at its newest price, until it is retired."""

import pytest
from sqlalchemy import select, update

from db.database import Connection
from db.queries.catalogue import list_plans_on_sale
from db.queries.plan_terms import PlanOnSale, find_dunning_policy, find_plan_on_sale
from db.tables.catalogue import DunningPolicy as DunningPolicyRow
from db.tables.catalogue import Plan, PlanPrice
from domain.dunning import DunningPolicy, FinalAction
from domain.plan import PlanTerms
from tests.db.rows import START, insert_row

PRICES = {1: 100, 3: 300, 2: 200}  # by version; not written in their order


@pytest.fixture
async def plan_id(connection: Connection) -> int:
    plan_id = await insert_row(
        connection,
        Plan,
        code="P2M",
        name="Two months",
        period_iso="P2M",
        trial_days=14,
        grace_days=3,
        freeze_days_per_year=60,
        seats=3,
    )
    for version, price_cents in PRICES.items():
        await insert_row(connection, PlanPrice, plan_id=plan_id, version=version, price_cents=price_cents)
    return plan_id


async def test_the_newest_price_is_asked(connection: Connection, plan_id: int) -> None:
    newest = await connection.scalar(
        select(PlanPrice.id).where(PlanPrice.plan_id == plan_id, PlanPrice.version == 3)
    )
    assert newest is not None

    assert await find_plan_on_sale(connection, "P2M") == PlanOnSale(
        plan_id, newest, PlanTerms("P2M", "Two months", "P2M", 300, "EUR", 2_200, 14, 3, 60, 3, 3)
    )


async def test_the_newest_price_is_shown(connection: Connection, plan_id: int) -> None:
    shown = {plan.code: plan.price_cents for plan in await list_plans_on_sale(connection)}

    seeded = {"P30D": 1_990, "P6M": 9_990, "P1Y": 17_990, "P1Y-FAMILY": 35_990}
    assert shown.items() >= (seeded | {"P2M": 300}).items()


async def test_a_retired_plan_is_not_sold(connection: Connection, plan_id: int) -> None:
    await connection.execute(update(Plan).where(Plan.id == plan_id).values(retired_at=START))

    assert await find_plan_on_sale(connection, "P2M") is None
    assert "P2M" not in {plan.code for plan in await list_plans_on_sale(connection)}


async def test_the_newest_dunning_policy_is_followed(connection: Connection, plan_id: int) -> None:
    for version, retry_days in {1: [1], 3: [1, 3, 5], 2: [2]}.items():
        await insert_row(
            connection,
            DunningPolicyRow,
            plan_id=plan_id,
            version=version,
            retry_days=retry_days,
            final_action="unpaid",
        )

    assert await find_dunning_policy(connection, "P2M") == DunningPolicy(3, (1, 3, 5), FinalAction.UNPAID)


@pytest.mark.parametrize("code", ["P30D", "P6M", "P1Y", "P1Y-FAMILY"])
async def test_every_plan_of_the_first_day_has_a_policy(connection: Connection, code: str) -> None:
    policy = await find_dunning_policy(connection, code)

    assert policy == DunningPolicy(1, (2, 7, 14, 21), FinalAction.CANCEL)


@pytest.mark.parametrize("code", ["P99Y", "p30d", "", "P30D "])
async def test_an_unknown_plan_is_not_sold(connection: Connection, code: str) -> None:
    assert await find_plan_on_sale(connection, code) is None
