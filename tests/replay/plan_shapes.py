"""The shapes of lives that change their plan, or the price of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from api.price_migration import PriceMigration
from tests.api.plan_change import DEAR_CENTS
from tests.client import Student
from tests.lives import World
from tests.plans import plan_on_sale
from tests.replay.renewal_shapes import admin_of, paid_by_card
from tests.scenarios.lived import Lived
from tests.staff import make_promo_code

NEW_CENTS = 1_490
PATIENCE = timedelta(seconds=20)


@asynccontextmanager
async def dear_plan(world: World, **terms: Any) -> AsyncIterator[str]:
    """What an upgrade is to."""
    async with plan_on_sale(await admin_of(world), "P30D", price_cents=DEAR_CENTS, **terms) as code:
        yield code


async def change(lived: Lived, plan_code: str, expected: int = 200, **wish: str) -> None:
    answer = await lived.life.post("change-plan", {"plan_code": plan_code, **wish})
    assert answer.status_code == expected, answer.text


async def upgraded_by_card(world: World) -> str:
    async with dear_plan(world) as dear, paid_by_card(world) as lived:
        await lived.until_day(15)
        await change(lived, dear)
        await lived.until_day(31)
    return lived.life.workflow_id


async def upgrade_declined(world: World) -> str:
    async with dear_plan(world) as dear, paid_by_card(world, "tok_insufficient_funds") as lived:
        await lived.until_day(15)
        await change(lived, dear, 402)
    return lived.life.workflow_id


@asynccontextmanager
async def upgrading_by_hand(world: World) -> AsyncIterator[Lived]:
    """The upgrade waits to be paid. Ended by canceling."""
    async with dear_plan(world) as dear:
        lived = await Lived.begin(world, await admin_of(world))
        await lived.pay_open_invoice()
        await change(lived, dear, 202)
        yield lived
        await lived.life.post("cancel", {"at_period_end": False})
        await lived.life.closes()


async def upgrade_paid_by_hand(world: World) -> str:
    async with upgrading_by_hand(world) as lived:
        await lived.pay_open_invoice()
    return lived.life.workflow_id


async def upgrade_expired(world: World) -> str:
    async with upgrading_by_hand(world) as lived:
        await lived.until_day(1)
    return lived.life.workflow_id


async def downgraded(world: World) -> str:
    """Chosen for the period's end, taken back, and chosen again."""
    async with dear_plan(world) as dear, paid_by_card(world, plan=dear) as lived:
        await change(lived, "P30D")
        await change(lived, dear)
        await change(lived, "P30D")
        await lived.until_day(31)
    return lived.life.workflow_id


async def changed_to_a_year(world: World) -> str:
    async with paid_by_card(world) as lived:
        await lived.until_day(15)
        await change(lived, "P1Y")
    return lived.life.workflow_id


async def left_a_year_with_credit(world: World) -> str:
    """The credit is more than the first month: it pays the next ones until it is gone."""
    async with dear_plan(world, seats=5) as family, paid_by_card(world, plan="P1Y") as lived:
        await change(lived, family)
        await lived.until_day(151)
    return lived.life.workflow_id


async def price_moved(world: World) -> str:
    admin = await admin_of(world)
    async with plan_on_sale(admin, "P30D") as plan, paid_by_card(world, plan=plan) as lived:
        await raise_price(world, admin, plan)
        await lived.life.is_quiet()
        await lived.until_day(31)
    return lived.life.workflow_id


async def price_moved_beside_a_choice(world: World) -> str:
    """Another plan was chosen when the price moved, and is taken back afterwards."""
    admin = await admin_of(world)
    async with plan_on_sale(admin, "P30D") as plan, paid_by_card(world, plan=plan) as lived:
        await change(lived, "P1Y", when="period_end")
        await raise_price(world, admin, plan)
        await lived.life.is_quiet()
        await change(lived, plan)
        await lived.until_day(31)
    return lived.life.workflow_id


async def price_moved_while_frozen(world: World) -> str:
    """On the day on which its renewal would have been announced, were it not frozen."""
    admin = await admin_of(world)
    async with plan_on_sale(admin, "P30D") as plan, paid_by_card(world, plan=plan) as lived:
        await lived.until_day(20)
        await lived.life.post("freeze")
        await lived.until_day(29)
        await raise_price(world, admin, plan)
        await lived.life.is_quiet()
        await lived.life.post("unfreeze")
        await lived.until_day(40)
    return lived.life.workflow_id


async def raise_price(world: World, admin: Student, plan: str) -> None:
    """For whoever runs on the plan, too."""
    price = {"price_cents": NEW_CENTS, "currency": "EUR"}
    assert (await admin.post(f"/admin/plans/{plan}/prices", price)).is_success
    migration = PriceMigration(world.database, world.temporal, PATIENCE)
    await migration.migrate(await migration.find_price(plan, None), limit=None, is_dry=False)


async def continued_with_money(world: World) -> str:
    """The next run is given a promo code, a plan for the next period, and what the present one costs."""
    code = await make_promo_code(await admin_of(world), duration="forever")
    async with dear_plan(world) as dear, paid_by_card(world, promo_code=code) as lived:
        first_run = await lived.life.run_id()
        while await lived.life.run_id() == first_run:
            await change(lived, dear, when="period_end")
            await change(lived, "P1Y", when="period_end")
        await lived.until_day(31)
    return lived.life.workflow_id
