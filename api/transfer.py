"""Hands a subscription on to one of its members, by its workflow: the only writer of whose it is."""

from dataclasses import dataclass

from activities.contracts import Cause
from api.problems import Problem
from api.subscription_commands import Order, SubscriptionCommands
from db.database import Database
from db.queries import subscription_views, subscriptions
from db.queries.subscription_views import SubscriptionView
from domain.lifecycle import Action
from workflows.messages import TransferCommand
from workflows.subscription import Subscription

NOT_FOUND = 404


@dataclass(frozen=True)
class Transferrer:
    database: Database
    commands: SubscriptionCommands

    async def transfer(
        self, user_id: int, subscription_id: int, to_user_id: int, command_id: str, cause: Cause
    ) -> list[SubscriptionView]:
        """What the user has a part in then: mostly, as a member. Raises `Problem`: 404, or a refusal's.

        Repeated after it was cut off, it finds that the subscription is not theirs any more by this very
        command.
        """
        command = TransferCommand(command_id, user_id, to_user_id, cause)
        order = Order(Action.TRANSFER, Subscription.transfer, command)
        try:
            await self.commands.ask_for(user_id, subscription_id, order)
        except Problem as problem:
            if problem.status != NOT_FOUND or not await self._is_done(subscription_id, command_id):
                raise
        async with self.database.read() as connection:
            return await subscription_views.list_mine(connection, user_id)

    async def _is_done(self, subscription_id: int, command_id: str) -> bool:
        async with self.database.read() as connection:
            return await subscriptions.has_carried_out(connection, subscription_id, command_id)
