"""Makes plans, prices and policies: nothing published is ever edited, a change is a new version."""

from api.refusals import problem_of
from api.schemas.staff_plans import DunningBody, NewPlanBody, NewPriceBody, VersionedPlanBody
from api.staff_hand import Hand
from db.database import Connection
from db.queries import plan_versions
from db.queries.plan_versions import LockedPlan, NewPlan
from domain.billing_calendar import parse_interval
from domain.dunning import check_window
from domain.refusals import RefusalCode, Refused
from domain.staff_action import StaffAction

FIRST_VERSION = 1


async def create_plan(connection: Connection, body: NewPlanBody, hand: Hand) -> VersionedPlanBody:
    """Raises `Problem`: 409 for a code that is taken, 422 for dunning that outlasts the period."""
    _check_window(body.dunning, body.period_iso)
    plan = NewPlan(
        code=body.code,
        name=body.name,
        period_iso=body.period_iso,
        seats=body.seats,
        trial_days=body.trial_days,
        grace_days=body.grace_days,
        freeze_days_per_year=body.freeze_days_per_year,
    )
    plan_id = await plan_versions.insert_plan(connection, plan)
    if plan_id is None:
        raise problem_of(Refused(RefusalCode.PLAN_CODE_TAKEN, "another plan has this code"))
    await plan_versions.append_price(
        connection,
        plan_id,
        price_cents=body.price_cents,
        currency=body.currency,
        vat_rate_bp=body.vat_rate_bp,
    )
    await plan_versions.append_policy(connection, plan_id, body.dunning.retry_days, body.dunning.final_action)
    await hand.note(connection, StaffAction.PLAN_CREATED, body.code)
    return await _show(connection, plan_id)


async def add_price(connection: Connection, code: str, body: NewPriceBody, hand: Hand) -> VersionedPlanBody:
    """Raises `Problem`: 404, or 409 for a plan that is retired or sold in another currency."""
    plan = await _lock(connection, code)
    if plan.retired_at is not None:
        raise problem_of(Refused(RefusalCode.PLAN_RETIRED, "nobody can start this plan any more"))
    if plan.currency != body.currency:
        elsewhere = f"the plan is sold in {plan.currency}; another currency is another plan"
        raise problem_of(Refused(RefusalCode.CURRENCY_MISMATCH, elsewhere))
    await plan_versions.append_price(
        connection,
        plan.plan_id,
        price_cents=body.price_cents,
        currency=body.currency,
        vat_rate_bp=body.vat_rate_bp,
    )
    await hand.note(connection, StaffAction.PLAN_PRICE_ADDED, code)
    return await _show(connection, plan.plan_id)


async def add_policy(connection: Connection, code: str, body: DunningBody, hand: Hand) -> VersionedPlanBody:
    """Also of a retired plan, which still runs for some. Raises `Problem`: 404 or 422, as above."""
    plan = await _lock(connection, code)
    _check_window(body, plan.period_iso)
    await plan_versions.append_policy(connection, plan.plan_id, body.retry_days, body.final_action)
    await hand.note(connection, StaffAction.PLAN_DUNNING_POLICY_ADDED, code)
    return await _show(connection, plan.plan_id)


async def retire_plan(connection: Connection, code: str, hand: Hand) -> VersionedPlanBody:
    """Twice is once. Raises a 404 `Problem`."""
    plan = await _lock(connection, code)
    if plan.retired_at is None:
        await plan_versions.retire(connection, plan.plan_id)
        await hand.note(connection, StaffAction.PLAN_RETIRED, code)
    return await _show(connection, plan.plan_id)


async def _lock(connection: Connection, code: str) -> LockedPlan:
    plan = await plan_versions.lock_plan(connection, code)
    if plan is None:
        raise problem_of(Refused(RefusalCode.PLAN_NOT_FOUND, "there is no such plan"))
    return plan


async def _show(connection: Connection, plan_id: int) -> VersionedPlanBody:
    return VersionedPlanBody.model_validate(await plan_versions.load_plan(connection, plan_id))


def _check_window(dunning: DunningBody, period_iso: str) -> None:
    try:
        check_window(dunning.as_version(FIRST_VERSION), parse_interval(period_iso))
    except Refused as refused:
        raise problem_of(refused) from refused
