"""The terms on which a plan is sold today."""

from dataclasses import dataclass

from sqlalchemy import select

from db.database import Connection
from db.tables.catalogue import Plan, PlanPrice
from domain.plan import PlanTerms


@dataclass(frozen=True)
class PlanOnSale:
    plan_id: int
    plan_price_id: int
    terms: PlanTerms


async def find_plan_on_sale(connection: Connection, code: str) -> PlanOnSale | None:
    """The plan at its newest price, unless it is unknown or retired."""
    row = (
        await connection.execute(
            select(
                Plan.id,
                PlanPrice.id.label("price_id"),
                Plan.name,
                Plan.period_iso,
                PlanPrice.price_cents,
                PlanPrice.currency,
                PlanPrice.vat_rate_bp,
            )
            .join(PlanPrice, PlanPrice.plan_id == Plan.id)
            .where(Plan.code == code, Plan.retired_at.is_(None))
            .order_by(PlanPrice.version.desc())
            .limit(1)
        )
    ).one_or_none()
    if row is None:
        return None
    terms = PlanTerms(
        code=code,
        name=row.name,
        period_iso=row.period_iso,
        price_cents=row.price_cents,
        currency=row.currency,
        vat_rate_bp=row.vat_rate_bp,
    )
    return PlanOnSale(row.id, row.price_id, terms)
