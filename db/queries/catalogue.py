"""What is on sale."""

from dataclasses import dataclass

from sqlalchemy import select

from db.database import Connection
from db.tables.catalogue import Plan, PlanPrice


@dataclass(frozen=True)
class PlanOnSale:
    id: int
    code: str
    name: str
    period_iso: str
    price_cents: int
    currency: str
    seats: int
    trial_days: int


async def list_plans_on_sale(connection: Connection) -> list[PlanOnSale]:
    """Plans that are not retired at their newest price, in the order in which they were made."""
    newest_price = (
        select(PlanPrice.price_cents, PlanPrice.currency)
        .where(PlanPrice.plan_id == Plan.id)
        .order_by(PlanPrice.version.desc())
        .limit(1)
        .lateral()
    )
    rows = await connection.execute(
        select(
            Plan.id,
            Plan.code,
            Plan.name,
            Plan.period_iso,
            newest_price.c.price_cents,
            newest_price.c.currency,
            Plan.seats,
            Plan.trial_days,
        )
        .where(Plan.retired_at.is_(None))
        .order_by(Plan.id)
    )
    return [PlanOnSale(*row) for row in rows]
