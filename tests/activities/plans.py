"""Plans of a test's own, with the terms that it is about."""

import uuid
from collections.abc import Sequence

from sqlalchemy import text

from db.database import Database
from db.tables.catalogue import DunningPolicy, Plan, PlanPrice
from tests.db.rows import insert_row


async def sell(
    database: Database,
    *,
    period_iso: str = "P1M",
    trial_days: int = 0,
    retry_days: Sequence[int] = (2, 7),
    final_action: str = "cancel",
    price_cents: int = 1_990,
    currency: str = "EUR",
) -> str:
    """By default at 19.90 EUR a period, VAT included. Returns its code."""
    code = uuid.uuid4().hex
    async with database.transaction() as connection:
        plan_id = await insert_row(connection, Plan, code=code, period_iso=period_iso, trial_days=trial_days)
        await insert_row(connection, PlanPrice, plan_id=plan_id, price_cents=price_cents, currency=currency)
        await insert_row(
            connection,
            DunningPolicy,
            plan_id=plan_id,
            retry_days=list(retry_days),
            final_action=final_action,
        )
    return code


async def dun_otherwise(database: Database, code: str, retry_days: Sequence[int]) -> None:
    """A new version of the plan's policy."""
    async with database.transaction() as connection:
        plan = text("SELECT id FROM plans WHERE code = :code")
        plan_id: int = (await connection.execute(plan, {"code": code})).scalar_one()
        await insert_row(connection, DunningPolicy, plan_id=plan_id, version=2, retry_days=list(retry_days))
