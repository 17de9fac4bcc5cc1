"""The lessons, for those with access."""

from collections.abc import Mapping

from fastapi import APIRouter

from api.auth.current_user import TOKEN_REFUSALS, CurrentUser
from api.context import ContextDep
from api.problems import Problem, problem_responses
from api.schemas.content import ModuleBody
from api.schemas.subscriptions import access_now
from db.queries import lessons
from domain.access import NoAccess

router = APIRouter(tags=["Content"])

WHAT_TO_DO: Mapping[NoAccess, str] = {
    NoAccess.NONE: "Start a subscription to open the lessons.",
    NoAccess.EXPIRED: "The subscription has ended. Start a new one to open the lessons again.",
    NoAccess.FROZEN: "The subscription is frozen. Unfreeze it to open the lessons again.",
    NoAccess.PAYMENT_REQUIRED: "The payment has not arrived yet. Pay the open invoice to open the lessons.",
}


@router.get(
    "/content/modules",
    responses=problem_responses(
        *TOKEN_REFUSALS, (403, "subscription_inactive"), (503, "database_unavailable")
    ),
)
async def list_modules(user: CurrentUser, context: ContextDep) -> list[ModuleBody]:
    """The lesson modules, while the user has access; else the `reason`, and what to do about it.

    A `reason` is `none`, `expired`, `frozen` or `payment_required`.
    """
    async with context.database.read() as connection:
        terms, clock_offset, modules = await lessons.find_access_and_modules(connection, user.id)
    verdict = access_now(terms, clock_offset)
    if verdict.reason is not None:
        raise Problem(403, "subscription_inactive", WHAT_TO_DO[verdict.reason], reason=verdict.reason.value)
    return [ModuleBody.model_validate(module) for module in modules]
