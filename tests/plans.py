"""A plan of a test's own, on sale while it is needed: what was started on it keeps its terms."""

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import text

from db.database import Database

INSERT = """
WITH plan AS (
    INSERT INTO plans (code, name, period_iso, trial_days)
    VALUES (:code, 'A plan of its own', :period_iso, :trial_days) RETURNING id
), price AS (
    INSERT INTO plan_prices (plan_id, version, price_cents, currency, vat_rate_bp)
    SELECT id, 1, :price_cents, 'EUR', 2200 FROM plan
)
INSERT INTO dunning_policies (plan_id, version, retry_days, final_action)
SELECT id, 1, :retry_days, :final_action FROM plan
"""


@asynccontextmanager
async def plan_on_sale(
    database: Database,
    period_iso: str,
    *,
    price_cents: int = 990,
    trial_days: int = 0,
    retry_days: Sequence[int] = (2, 7, 14, 21),
    final_action: str = "cancel",
) -> AsyncIterator[str]:
    """Its code. Retired in the end, so that nobody else finds it in the catalogue."""
    code = f"OWN-{uuid.uuid4().hex}"
    terms = {
        "code": code,
        "period_iso": period_iso,
        "price_cents": price_cents,
        "trial_days": trial_days,
        "retry_days": list(retry_days),
        "final_action": final_action,
    }
    async with database.transaction() as connection:
        await connection.execute(text(INSERT), terms)
    try:
        yield code
    finally:
        async with database.transaction() as connection:
            await connection.execute(
                text("UPDATE plans SET retired_at = now() WHERE code = :code"), {"code": code}
            )
