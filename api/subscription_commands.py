"""Sends a user's command to the workflow of their subscription, and reads back what came of it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Generic, Self, TypeVar

import structlog
from structlog.contextvars import bind_contextvars
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.workflow import UpdateMethodMultiParam

from api.find_subscription import no_such_subscription
from api.problems import Problem
from api.refusals import problem_of
from api.workflow_updates import ask, interrupted
from db.database import Database
from db.queries import subscription_views, subscriptions
from db.queries.subscription_views import SubscriptionView
from domain.lifecycle import Action, next_status, not_possible
from domain.refusals import Refused
from upkeep.lost_workflows import LostWorkflows
from workflows.messages import (
    CancelCommand,
    ChangePlanCommand,
    FreezeCommand,
    PayCommand,
    PlainCommand,
    RedeemGiftCommand,
    SetPaymentMethodCommand,
    TransferCommand,
)
from workflows.subscription import Subscription

Command = TypeVar(
    "Command",
    CancelCommand,
    ChangePlanCommand,
    FreezeCommand,
    PayCommand,
    PlainCommand,
    RedeemGiftCommand,
    SetPaymentMethodCommand,
    TransferCommand,
)
Answer = TypeVar("Answer")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Order(Generic[Command, Answer]):
    """A command, the update that carries it, and the action that the table of statuses knows it by."""

    action: Action
    update: UpdateMethodMultiParam[[Subscription, Command], Answer]
    command: Command

    def of_owner(self, user_id: int) -> Self:
        """Not for whoever has it when it arrives: it may be handed on meanwhile."""
        if isinstance(self.command, TransferCommand):  # says so itself
            return self
        return replace(self, command=replace(self.command, user_id=user_id))


@dataclass(frozen=True)
class SubscriptionCommands:
    database: Database
    temporal: Client
    rpc_timeout: timedelta

    async def carry_out(
        self, user_id: int, subscription_id: int, order: Order[Command, Answer]
    ) -> SubscriptionView:
        """What the subscription is then. Raises `Problem`: 404 when it is not the user's, or a refusal."""
        view = await self.find(user_id, subscription_id)
        if view.ended_at is not None:
            await self._keep_open_money_going(view)
            return await self._already(view, order)
        try:
            await self._send(view, order.of_owner(user_id))
        except RPCError as error:
            return await self._already(await self._ended_meanwhile(user_id, view, error), order)
        return await self.find(user_id, subscription_id)

    async def ask_for(self, user_id: int, subscription_id: int, order: Order[Command, Answer]) -> Answer:
        """What its workflow answers. Raises `Problem` as above, also when the subscription has ended.

        Of a command that was carried out before the end, Temporal keeps the answer.
        """
        view = await self.find(user_id, subscription_id)
        if view.ended_at is not None and not await self._has_carried_out(view, order):
            raise _ended(view, order.action)
        try:
            return await self._send(view, order.of_owner(user_id))
        except RPCError as error:
            raise _ended(await self._ended_meanwhile(user_id, view, error), order.action) from error

    async def _send(self, view: SubscriptionView, order: Order[Command, Answer]) -> Answer:
        workflow: WorkflowHandle[Subscription, None] = self.temporal.get_workflow_handle(view.workflow_id)

        async def update(update_id: str) -> Answer:
            return await workflow.execute_update(
                order.update, order.command, id=update_id, rpc_timeout=self.rpc_timeout
            )

        return await ask(update, order.command.command_id, view.clock_offset)

    async def _already(self, ended: SubscriptionView, order: Order[Command, Answer]) -> SubscriptionView:
        """Its workflow is not asked: the table says whether the command is already true.

        Or this very command was carried out before the end, and only its answer was lost.
        """
        try:
            next_status(ended.status, order.action)
        except Refused as refused:
            if not await self._has_carried_out(ended, order):
                raise problem_of(refused) from refused
        return ended

    async def _has_carried_out(self, view: SubscriptionView, order: Order[Command, Answer]) -> bool:
        async with self.database.read() as connection:
            return await subscriptions.has_carried_out(
                connection, view.subscription_id, order.command.command_id
            )

    async def _ended_meanwhile(
        self, user_id: int, view: SubscriptionView, error: RPCError
    ) -> SubscriptionView:
        """Nobody was there to be asked. Raises on, or a `Problem`, unless the subscription has ended."""
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise error
        await self._lost_workflows.revive(view.workflow_id)
        ended = await self.find(user_id, view.subscription_id)
        if ended.ended_at is None:
            raise interrupted() from error
        return ended

    async def _keep_open_money_going(self, ended: SubscriptionView) -> None:
        """The answer does not need the workflow, but what is left open with a provider does."""
        if ended.next_action is None and not ended.payment_in_progress:
            return
        try:
            await self._lost_workflows.revive_if_closed(ended.workflow_id)
        except (RPCError, RuntimeError) as error:  # the latter when there was never a connection
            log.warning("workflow_not_seen", error=str(error))

    @property
    def _lost_workflows(self) -> LostWorkflows:
        return LostWorkflows(self.database, self.temporal, self.rpc_timeout)

    async def find(self, user_id: int, subscription_id: int) -> SubscriptionView:
        """Somebody else's subscription looks like one that does not exist."""
        async with self.database.read() as connection:
            view = await subscription_views.find_of_user(connection, user_id, subscription_id)
        if view is None:
            raise no_such_subscription()
        bind_contextvars(subscription_id=subscription_id, workflow_id=view.workflow_id)
        return view


def _ended(view: SubscriptionView, action: Action) -> Problem:
    return problem_of(not_possible(view.status, action))
