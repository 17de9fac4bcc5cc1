"""Sends a user's command to the workflow of their subscription, and reads back what came of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from structlog.contextvars import bind_contextvars
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from api.lost_workflows import LostWorkflows
from api.problems import Problem
from api.refusals import problem_of
from api.workflow_updates import ask, interrupted
from db.database import Database
from db.queries import subscription_views
from db.queries.subscription_views import SubscriptionView
from domain.lifecycle import Action, next_status
from domain.refusals import Refused
from workflows.messages import CancelCommand, PlainCommand
from workflows.subscription import Subscription

Handle = WorkflowHandle[Subscription, None]
Send = Callable[[Handle, str], Awaitable[None]]


@dataclass(frozen=True)
class SubscriptionCommands:
    """Each command raises `Problem`: 404 for a subscription that is not the user's, or the refusal's code."""

    database: Database
    temporal: Client
    rpc_timeout: timedelta

    async def cancel(self, user_id: int, subscription_id: int, command: CancelCommand) -> SubscriptionView:
        async def send(workflow: Handle, update_id: str) -> None:
            await workflow.execute_update(
                Subscription.cancel, command, id=update_id, rpc_timeout=self.rpc_timeout
            )

        action = Action.CANCEL_AT_PERIOD_END if command.at_period_end else Action.CANCEL_NOW
        return await self._carry_out(user_id, subscription_id, action, command.command_id, send)

    async def uncancel(self, user_id: int, subscription_id: int, command: PlainCommand) -> SubscriptionView:
        async def send(workflow: Handle, update_id: str) -> None:
            await workflow.execute_update(
                Subscription.uncancel, command, id=update_id, rpc_timeout=self.rpc_timeout
            )

        return await self._carry_out(user_id, subscription_id, Action.UNCANCEL, command.command_id, send)

    async def _carry_out(
        self, user_id: int, subscription_id: int, action: Action, command_id: str, send: Send
    ) -> SubscriptionView:
        view = await self.find(user_id, subscription_id)
        if view.ended_at is not None:
            return _already(view, action)
        workflow: Handle = self.temporal.get_workflow_handle(view.workflow_id)
        try:
            await ask(lambda update_id: send(workflow, update_id), command_id, view.clock_offset)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            ended = await self.find(user_id, subscription_id)
            if ended.ended_at is None:
                await LostWorkflows(self.database, self.temporal, self.rpc_timeout).revive(view.workflow_id)
                raise interrupted() from error
            return _already(ended, action)
        return await self.find(user_id, subscription_id)

    async def find(self, user_id: int, subscription_id: int) -> SubscriptionView:
        """Somebody else's subscription looks like one that does not exist."""
        async with self.database.read() as connection:
            view = await subscription_views.find_of_user(connection, user_id, subscription_id)
        if view is None:
            raise no_such_subscription()
        bind_contextvars(subscription_id=subscription_id, workflow_id=view.workflow_id)
        return view


def no_such_subscription() -> Problem:
    return Problem(404, "subscription_not_found", "There is no such subscription.")


def _already(view: SubscriptionView, action: Action) -> SubscriptionView:
    """An ended subscription has no workflow to ask: the table says whether the command is already true."""
    try:
        next_status(view.status, action)
    except Refused as refused:
        raise problem_of(refused) from refused
    return view
