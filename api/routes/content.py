"""The lessons, for those with access."""

from collections.abc import Mapping

from fastapi import APIRouter

from api.auth.current_user import TOKEN_REFUSALS, CurrentUser
from api.context import ContextDep
from api.problems import Problem, problem_responses
from api.schemas.content import ModuleBody
from api.schemas.subscriptions import access_now
from db.queries import lessons
from domain.access import NoAccess, Source, best

router = APIRouter(tags=["Content"])

WHAT_TO_DO: Mapping[NoAccess, str] = {
    NoAccess.NONE: "Start a subscription to open the lessons.",
    NoAccess.EXPIRED: "The subscription has ended. Start a new one to open the lessons again.",
    NoAccess.FROZEN: "The subscription is frozen. Unfreeze it to open the lessons again.",
    NoAccess.PAYMENT_REQUIRED: "The payment has not arrived yet. Pay the open invoice to open the lessons.",
}
WHAT_THE_OWNER_CAN_DO: Mapping[NoAccess, str] = {
    NoAccess.NONE: WHAT_TO_DO[NoAccess.NONE],
    NoAccess.EXPIRED: "The family's subscription has ended. Start one to open the lessons again.",
    NoAccess.FROZEN: "The family's subscription is frozen. Its owner can unfreeze it.",
    NoAccess.PAYMENT_REQUIRED: "The family's payment has not arrived yet. Its owner can pay it.",
}


@router.get(
    "/content/modules",
    responses=problem_responses(
        *TOKEN_REFUSALS, (403, "subscription_inactive"), (503, "database_unavailable")
    ),
)
async def list_modules(user: CurrentUser, context: ContextDep) -> list[ModuleBody]:
    """The lesson modules, while the user has access; else the `reason`, and what to do about it.

    Members of a family have the access of its owner.
    A `reason` is `none`, `expired`, `frozen` or `payment_required`.
    """
    async with context.database.read() as connection:
        standings, modules = await lessons.find_access_and_modules(connection, user.id)
    verdict = best([access_now(standing.terms, standing.clock_offset) for standing in standings])
    if verdict.reason is not None:
        raise _refused(verdict.reason, verdict.source)
    return [ModuleBody.model_validate(module) for module in modules]


def _refused(reason: NoAccess, source: Source | None) -> Problem:
    what_to_do = WHAT_THE_OWNER_CAN_DO if source is Source.FAMILY else WHAT_TO_DO
    return Problem(403, "subscription_inactive", what_to_do[reason], reason=reason.value)
