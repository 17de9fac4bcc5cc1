"""The signed-in user's own subscription."""

from fastapi import APIRouter

from api.auth.current_user import TOKEN_REFUSALS, CurrentUser
from api.context import ContextDep
from api.problems import problem_responses
from api.schemas.subscriptions import SubscriptionBody
from db.queries import subscription_views

router = APIRouter(tags=["Subscriptions"])


@router.get("/me/subscription", responses=problem_responses(*TOKEN_REFUSALS, (503, "database_unavailable")))
async def read_my_subscription(user: CurrentUser, context: ContextDep) -> SubscriptionBody:
    """The live subscription or, without one, that of the user's family, or the last; and the user's access.

    With both an own one and a family, access comes from whichever gives it: `access.source` says which.
    """
    async with context.database.read() as connection:
        views = await subscription_views.list_mine(connection, user.id)
    return SubscriptionBody.of_mine(views)
