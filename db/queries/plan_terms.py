"""The terms on which a plan is sold today."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select

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


_PRICED = select(
    Plan.id,
    PlanPrice.id.label("price_id"),
    Plan.code,
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
).join(PlanPrice, PlanPrice.plan_id == Plan.id)
_NEWEST = _PRICED.order_by(PlanPrice.version.desc()).limit(1)


async def find_plan_on_sale(connection: Connection, code: str) -> PlanOnSale | None:
    """The plan at its newest price, unless it is unknown or retired."""
    query = _NEWEST.where(Plan.code == code, Plan.retired_at.is_(None))
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else PlanOnSale(row.id, row.price_id, _terms(row))


async def find_price(connection: Connection, code: str, version: int | None) -> PlanTerms | None:
    """That version of a plan's price, or the newest, also of one that is not sold any more."""
    query = _NEWEST.where(Plan.code == code)
    if version is not None:
        query = query.where(PlanPrice.version == version)
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else _terms(row)


async def find_wanted(connection: Connection, present: PlanTerms, code: str) -> PlanTerms | None:
    """As above; whoever stays on a plan keeps the terms that they have, also when it is not sold any more."""
    if code == present.code:
        return present
    on_sale = await find_plan_on_sale(connection, code)
    return on_sale.terms if on_sale else None


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


def _terms(row: Row[*tuple[Any, ...]]) -> PlanTerms:
    return PlanTerms(
        code=row.code,
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
