"""Lets a parked subscription go on. It may have ended already, with a charge that nobody knows the end of."""

from datetime import timedelta

from structlog.contextvars import bind_contextvars
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from api.context import Context
from api.find_subscription import find_subscription
from api.open_refund import FindCause
from api.refusals import problem_of
from api.workflow_updates import ask, interrupted
from db.database import Database
from db.queries.subscription_views import SubscriptionView
from domain.refusals import RefusalCode, Refused
from domain.subscription import SubscriptionState
from upkeep.lost_workflows import LostWorkflows
from workflows.messages import PlainCommand
from workflows.subscription import Subscription


async def unpark_subscription(
    context: Context, subscription_id: int, command_id: str, find_cause: FindCause
) -> SubscriptionView:
    """Raises `Problem`: 404, 409 when not parked."""
    view, state = await _read(context.database, subscription_id)
    bind_contextvars(subscription_id=subscription_id, workflow_id=view.workflow_id)
    if state.remembers(command_id):
        return view
    if state.parked_reason is None:
        raise problem_of(Refused(RefusalCode.NOT_PARKED, "the subscription is not parked"))
    command = PlainCommand(command_id, await find_cause(state.user_id))
    rpc_timeout = timedelta(milliseconds=context.settings.workflow_rpc_timeout_ms)
    workflow: WorkflowHandle[Subscription, None] = context.temporal.get_workflow_handle(view.workflow_id)

    async def update(update_id: str) -> None:
        await workflow.execute_update(Subscription.unpark, command, id=update_id, rpc_timeout=rpc_timeout)

    try:
        await ask(update, command_id, view.clock_offset)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        await LostWorkflows(context.database, context.temporal, rpc_timeout).revive(view.workflow_id)
        raise interrupted() from error
    return (await _read(context.database, subscription_id))[0]


async def _read(database: Database, subscription_id: int) -> tuple[SubscriptionView, SubscriptionState]:
    async with database.read() as connection:
        return await find_subscription(connection, subscription_id)
