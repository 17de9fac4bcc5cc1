"""Reads a subscription back as the database holds it."""

from temporalio import activity

from activities.contracts import LoadSubscription
from db.database import Database
from db.queries import subscriptions
from domain.subscription import SubscriptionState
from ops.tracing import bind_to_logs


class LoadSubscriptionActivity:
    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn
    async def load_subscription(self, command: LoadSubscription) -> SubscriptionState:
        bind_to_logs(subscription_id=command.subscription_id, trace_id=command.trace_id)
        async with self._database.read() as connection:
            return await subscriptions.load_current_state(connection, command.subscription_id)
