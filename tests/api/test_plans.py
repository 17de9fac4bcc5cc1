from collections.abc import Awaitable, Callable

from sqlalchemy import text

from api.app import create_app
from db.database import Database
from tests.api.shell import client_of
from tests.stack import settings_for


async def test_the_plans_of_the_first_day(fresh_database_url: Callable[[], Awaitable[str]]) -> None:
    async with client_of(create_app(settings_for(await fresh_database_url()))) as client:
        answer = await client.get("/plans")

    assert answer.status_code == 200
    plans = answer.json()
    assert [plan.pop("id") for plan in plans] == sorted({plan["id"] for plan in answer.json()})
    assert all(plan.pop("name") for plan in plans)
    shared = {"currency": "EUR", "trial_days": 0}
    assert plans == [
        {"code": "P30D", "period_iso": "P30D", "price_cents": 1_990, "seats": 1, **shared},
        {"code": "P6M", "period_iso": "P6M", "price_cents": 9_990, "seats": 1, **shared},
        {"code": "P1Y", "period_iso": "P1Y", "price_cents": 17_990, "seats": 1, **shared},
        {"code": "P1Y-FAMILY", "period_iso": "P1Y", "price_cents": 35_990, "seats": 5, **shared},
    ]


async def test_a_retired_plan_is_gone_and_a_new_price_replaces_the_old(
    fresh_database_url: Callable[[], Awaitable[str]],
) -> None:
    settings = settings_for(await fresh_database_url())
    database = Database.from_settings(settings)
    async with database.transaction() as connection:
        await connection.execute(text("UPDATE plans SET retired_at = now() WHERE code = 'P6M'"))
        await connection.execute(
            text(
                "INSERT INTO plan_prices (plan_id, version, price_cents, currency, vat_rate_bp)"
                " SELECT id, 2, 2490, 'EUR', 2200 FROM plans WHERE code = 'P30D'"
            )
        )
    await database.close()

    async with client_of(create_app(settings)) as client:
        plans = (await client.get("/plans")).json()

    assert [(plan["code"], plan["price_cents"]) for plan in plans] == [
        ("P30D", 2_490),
        ("P1Y", 17_990),
        ("P1Y-FAMILY", 35_990),
    ]
