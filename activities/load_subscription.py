"""Reads a subscription back as the database holds it."""

import structlog
from temporalio import activity

from db.database import Database
from db.queries import subscriptions
from domain.subscription import SubscriptionState


class LoadSubscriptionActivity:
    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn
    async def load_subscription(self, subscription_id: int) -> SubscriptionState:
        structlog.contextvars.bind_contextvars(subscription_id=subscription_id)
        async with self._database.read() as connection:
            return await subscriptions.load_current_state(connection, subscription_id)
