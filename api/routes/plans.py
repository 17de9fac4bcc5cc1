"""The catalogue: open to everybody."""

from fastapi import APIRouter

from api.context import ContextDep
from api.problems import problem_responses
from api.schemas.catalogue import PlanBody
from db.queries.catalogue import list_plans_on_sale

router = APIRouter(tags=["Catalogue"])


@router.get("/plans", responses=problem_responses((503, "database_unavailable")))
async def list_plans(context: ContextDep) -> list[PlanBody]:
    """The plans on sale, each at its newest price."""
    async with context.database.read() as connection:
        plans = await list_plans_on_sale(connection)
    return [PlanBody.model_validate(plan) for plan in plans]
