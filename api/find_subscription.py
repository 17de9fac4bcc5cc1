"""A subscription by its number, whoever has it: for staff and operators."""

from api.problems import Problem
from db.database import Connection
from db.queries import subscription_views
from db.queries.subscription_views import SubscriptionView
from domain.subscription import SubscriptionState


async def find_subscription(
    connection: Connection, subscription_id: int
) -> tuple[SubscriptionView, SubscriptionState]:
    """Raises a 404 `Problem`."""
    found = await subscription_views.find_with_state(connection, subscription_id)
    if found is None:
        raise no_such_subscription()
    return found


def no_such_subscription() -> Problem:
    return Problem(404, "subscription_not_found", "There is no such subscription.")
