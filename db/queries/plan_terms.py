"""The terms on which a plan is sold today."""

from dataclasses import dataclass

from sqlalchemy import select

from db.database import Connection
from db.tables.catalogue import DunningPolicy, Plan, PlanPrice
from domain import dunning
from domain.dunning import FinalAction
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
                Plan.trial_days,
                Plan.grace_days,
                Plan.freeze_days_per_year,
                Plan.seats,
                PlanPrice.version.label("price_version"),
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
        trial_days=row.trial_days,
        grace_days=row.grace_days,
        freeze_days_per_year=row.freeze_days_per_year,
        seats=row.seats,
        price_version=row.price_version,
    )
    return PlanOnSale(row.id, row.price_id, terms)


async def find_wanted(connection: Connection, present: PlanTerms, code: str) -> PlanTerms | None:
    """As above; whoever stays on a plan keeps the terms that they have, also when it is not sold any more."""
    if code == present.code:
        return present
    on_sale = await find_plan_on_sale(connection, code)
    return on_sale and on_sale.terms


async def find_dunning_policy(connection: Connection, plan_code: str) -> dunning.DunningPolicy:
    """The plan's newest policy. Raises `sqlalchemy.exc.NoResultFound` when it has none."""
    row = (
        await connection.execute(
            select(DunningPolicy.version, DunningPolicy.retry_days, DunningPolicy.final_action)
            .join(Plan, DunningPolicy.plan_id == Plan.id)
            .where(Plan.code == plan_code)
            .order_by(DunningPolicy.version.desc())
            .limit(1)
        )
    ).one()
    return dunning.DunningPolicy(row.version, tuple(row.retry_days), FinalAction(row.final_action))
