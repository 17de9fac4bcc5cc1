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
    """The live subscription or, without one, the last; its access and what happens next."""
    async with context.database.read() as connection:
        view = await subscription_views.find_current(connection, user.id)
    return SubscriptionBody.none() if view is None else SubscriptionBody.of(view)
