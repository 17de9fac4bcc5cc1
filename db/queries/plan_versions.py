"""Plans as staff see and make them: with every price and every dunning policy they ever had."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from db.database import Connection
from db.tables.catalogue import DunningPolicy, Plan, PlanPrice
from domain.dunning import FinalAction


@dataclass(frozen=True)
class NewPlan:
    code: str
    name: str
    period_iso: str
    seats: int
    trial_days: int
    grace_days: int
    freeze_days_per_year: int


@dataclass(frozen=True)
class LockedPlan:
    plan_id: int
    period_iso: str
    currency: str
    retired_at: datetime | None


@dataclass(frozen=True)
class PriceVersion:
    version: int
    price_cents: int
    currency: str
    vat_rate_bp: int
    created_at: datetime


@dataclass(frozen=True)
class PolicyVersion:
    version: int
    retry_days: list[int]
    final_action: str
    created_at: datetime


@dataclass(frozen=True)
class VersionedPlan:
    """`prices` and `dunning_policies` oldest first: the last one is what new starts and new cases get."""

    id: int
    code: str
    name: str
    period_iso: str
    seats: int
    trial_days: int
    grace_days: int
    freeze_days_per_year: int
    created_at: datetime
    retired_at: datetime | None
    prices: list[PriceVersion]
    dunning_policies: list[PolicyVersion]


_PLAN = select(
    Plan.id,
    Plan.code,
    Plan.name,
    Plan.period_iso,
    Plan.seats,
    Plan.trial_days,
    Plan.grace_days,
    Plan.freeze_days_per_year,
    Plan.created_at,
    Plan.retired_at,
)


async def insert_plan(connection: Connection, plan: NewPlan) -> int | None:
    """Returns its id, or `None` when another plan has its code."""
    return (
        await connection.execute(
            upsert(Plan)
            .values(
                code=plan.code,
                name=plan.name,
                period_iso=plan.period_iso,
                seats=plan.seats,
                trial_days=plan.trial_days,
                grace_days=plan.grace_days,
                freeze_days_per_year=plan.freeze_days_per_year,
            )
            .on_conflict_do_nothing(index_elements=[Plan.code])
            .returning(Plan.id)
        )
    ).scalar_one_or_none()


async def lock_plan(connection: Connection, code: str) -> LockedPlan | None:
    """Makes the versions of one plan follow one another."""
    currency_of_plan = (
        select(PlanPrice.currency).where(PlanPrice.plan_id == Plan.id).limit(1).scalar_subquery()
    )
    query = (
        select(Plan.id, Plan.period_iso, currency_of_plan, Plan.retired_at)
        .where(Plan.code == code)
        .with_for_update(of=Plan, key_share=True)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else LockedPlan(*row)


async def append_price(
    connection: Connection, plan_id: int, *, price_cents: int, currency: str, vat_rate_bp: int | None
) -> None:
    """With the plan locked. Without a VAT rate that of the price before."""
    newest = (
        await connection.execute(
            select(PlanPrice.version, PlanPrice.vat_rate_bp)
            .where(PlanPrice.plan_id == plan_id)
            .order_by(PlanPrice.version.desc())
            .limit(1)
        )
    ).one_or_none()
    await connection.execute(
        insert(PlanPrice).values(
            plan_id=plan_id,
            version=newest.version + 1 if newest else 1,
            price_cents=price_cents,
            currency=currency,
            vat_rate_bp=newest.vat_rate_bp if newest and vat_rate_bp is None else vat_rate_bp,
        )
    )


async def append_policy(
    connection: Connection, plan_id: int, retry_days: Sequence[int], final_action: FinalAction
) -> None:
    """With the plan locked."""
    newest = select(func.coalesce(func.max(DunningPolicy.version), 0)).where(DunningPolicy.plan_id == plan_id)
    await connection.execute(
        insert(DunningPolicy).values(
            plan_id=plan_id,
            version=(await connection.execute(newest)).scalar_one() + 1,
            retry_days=list(retry_days),
            final_action=final_action,
        )
    )


async def retire(connection: Connection, plan_id: int) -> None:
    """Twice is once."""
    await connection.execute(
        update(Plan)
        .where(Plan.id == plan_id, Plan.retired_at.is_(None))
        .values(retired_at=func.clock_timestamp())
    )


async def load_plan(connection: Connection, plan_id: int) -> VersionedPlan:
    """Raises `sqlalchemy.exc.NoResultFound` when there is no such plan."""
    row = (await connection.execute(_PLAN.where(Plan.id == plan_id))).one()
    [plan] = await _with_versions(connection, [row])
    return plan


async def list_plans(connection: Connection, *, after_id: int | None, limit: int) -> list[VersionedPlan]:
    """Retired ones too, in the order in which they were made, from the one after `after_id` on."""
    query = _PLAN.where(Plan.id > (after_id or 0)).order_by(Plan.id).limit(limit)
    return await _with_versions(connection, (await connection.execute(query)).all())


async def _with_versions(
    connection: Connection, plans: Sequence[Row[*tuple[Any, ...]]]
) -> list[VersionedPlan]:
    ids = [plan.id for plan in plans]
    prices = await connection.execute(
        select(PlanPrice).where(PlanPrice.plan_id.in_(ids)).order_by(PlanPrice.version)
    )
    policies = await connection.execute(
        select(DunningPolicy).where(DunningPolicy.plan_id.in_(ids)).order_by(DunningPolicy.version)
    )
    prices_of: dict[int, list[PriceVersion]] = {plan_id: [] for plan_id in ids}
    for price in prices:
        prices_of[price.plan_id].append(
            PriceVersion(
                price.version, price.price_cents, price.currency, price.vat_rate_bp, price.created_at
            )
        )
    policies_of: dict[int, list[PolicyVersion]] = {plan_id: [] for plan_id in ids}
    for policy in policies:
        policies_of[policy.plan_id].append(
            PolicyVersion(policy.version, policy.retry_days, policy.final_action, policy.created_at)
        )
    return [
        VersionedPlan(**_fields(plan), prices=prices_of[plan.id], dunning_policies=policies_of[plan.id])
        for plan in plans
    ]


def _fields(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    return dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for the row as a mapping
