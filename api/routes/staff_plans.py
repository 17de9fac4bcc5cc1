"""The catalogue, for staff: plans, new prices, new dunning policies, and plans taken off sale."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse

from api import staff_plans
from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.command_request import StaffRequestDep
from api.context import ContextDep
from api.idempotency import KEY_REFUSALS, key_parameter
from api.paging import PageRequestDep, encode_cursor
from api.problems import problem_responses
from api.refusals import responses_of
from api.schemas.base import OptionalReasonBody
from api.schemas.staff_plans import (
    PLAN_CODE,
    NewPlanBody,
    NewPolicyBody,
    NewPriceBody,
    VersionedPlanBody,
    VersionedPlanPage,
)
from api.staff_hand import Hand
from db.queries import plan_versions
from domain.refusals import RefusalCode

router = APIRouter(prefix="/admin/plans", tags=["Staff"])

PlanCode = Annotated[str, Path(pattern=PLAN_CODE)]
AWAY = (503, "database_unavailable")


@router.get("", responses=problem_responses(*STAFF_REFUSALS, (422, "invalid_cursor"), AWAY))
async def list_versioned_plans(
    staff: CurrentStaff,  # noqa: ARG001 - lets staff in
    context: ContextDep,
    page: PageRequestDep,
) -> VersionedPlanPage:
    """Every plan ever made, retired ones too, with all prices and dunning policies."""
    async with context.database.read() as connection:
        found = await plan_versions.list_plans(connection, after_id=page.after_id, limit=page.limit + 1)
    shown = found[: page.limit]
    return VersionedPlanPage(
        items=[VersionedPlanBody.model_validate(plan) for plan in shown],
        next_cursor=encode_cursor(shown[-1].id) if len(found) > page.limit else None,
    )


def _write(*refusals: RefusalCode, status_code: int = 201) -> dict[str, Any]:
    """What the routes of all writes here say of themselves."""
    return {
        "status_code": status_code,
        "response_model": VersionedPlanBody,
        "openapi_extra": key_parameter(required=False),
        "responses": problem_responses(
            *STAFF_REFUSALS, *KEY_REFUSALS, (409, "idempotency_in_progress"), *responses_of(*refusals), AWAY
        ),
    }


@router.post("", **_write(RefusalCode.PLAN_CODE_TAKEN, RefusalCode.DUNNING_WINDOW_TOO_LONG))
async def create_plan(body: NewPlanBody, asked: StaffRequestDep) -> JSONResponse:
    """Puts a plan on sale, with the first version of its price and of its dunning policy."""
    hand = Hand(asked.user, body.reason)
    return await asked.once_written(
        body, lambda connection: staff_plans.create_plan(connection, body, hand), status_code=201
    )


@router.post(
    "/{plan_code}/prices",
    **_write(RefusalCode.PLAN_NOT_FOUND, RefusalCode.PLAN_RETIRED, RefusalCode.CURRENCY_MISMATCH),
)
async def add_price(
    plan_code: PlanCode,
    body: NewPriceBody,
    asked: StaffRequestDep,
) -> JSONResponse:
    """A new price for new starts. Running subscriptions keep the terms that they were started on."""
    hand = Hand(asked.user, body.reason)
    return await asked.once_written(
        body, lambda connection: staff_plans.add_price(connection, plan_code, body, hand), status_code=201
    )


@router.post(
    "/{plan_code}/dunning-policies",
    **_write(RefusalCode.PLAN_NOT_FOUND, RefusalCode.DUNNING_WINDOW_TOO_LONG),
)
async def add_dunning_policy(
    plan_code: PlanCode,
    body: NewPolicyBody,
    asked: StaffRequestDep,
) -> JSONResponse:
    """A new policy for invoices opened from now on. One that is open keeps the policy it was opened under."""
    hand = Hand(asked.user, body.reason)
    return await asked.once_written(
        body, lambda connection: staff_plans.add_policy(connection, plan_code, body, hand), status_code=201
    )


@router.post("/{plan_code}/retire", **_write(RefusalCode.PLAN_NOT_FOUND, status_code=200))
async def retire_plan(
    plan_code: PlanCode, asked: StaffRequestDep, body: OptionalReasonBody | None = None
) -> JSONResponse:
    """Takes a plan off sale. Who has started it goes on as before. Twice is once."""
    hand = Hand(asked.user, body.reason if body else None)
    return await asked.once_written(
        body, lambda connection: staff_plans.retire_plan(connection, plan_code, hand)
    )
