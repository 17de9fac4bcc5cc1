"""What was ordered of subscriptions since an instant, by Temporal's memory: for after a backup was restored.

A command that was answered is in the history of its workflow, also when the database has forgotten it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError

from db.queries import workflow_rows
from db.queries.reconciliation import SeenFinding
from upkeep.reconciliation.mending import start_again
from upkeep.reconciliation.reach import Reach

START = "start"
EVENTS_AT_ONCE = 200
NO_LIVING_ROW = "not sent: there is no subscription that it could be of"


@dataclass(frozen=True)
class Ordered:
    """A command that was carried out. `argument` is as it was sent."""

    workflow_id: str
    update_id: str
    name: str
    at: datetime
    argument: Any


async def ordered_since(temporal: Client, since: datetime) -> AsyncIterator[Ordered]:
    """Workflow by workflow, of each in the order in which they were ordered. Starts are left out."""
    touched = f"(ExecutionStatus = 'Running' OR CloseTime > '{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}')"
    async for workflow in temporal.list_workflows(f"WorkflowType = 'Subscription' AND {touched}"):
        run = WorkflowExecution(workflow_id=workflow.id, run_id=workflow.run_id)
        newest_first = [event async for event in _events_since(temporal, run, since)]
        for ordered in await _ordered_in(temporal, workflow.id, newest_first):
            yield ordered


async def order_again(reach: Reach, of_one_workflow: Sequence[Ordered]) -> list[str]:
    """Begins the workflow anew from its row, which has forgotten them, and sends each once more.

    Each is judged by what is so now: what came of it is told in words, in the same order. Needs a worker.
    """
    if not await _begin_anew(reach, of_one_workflow[0].workflow_id):
        return [NO_LIVING_ROW] * len(of_one_workflow)
    return [await _send(reach, ordered) for ordered in of_one_workflow]


async def _begin_anew(reach: Reach, workflow_id: str) -> bool:
    async with reach.database.read() as connection:
        rows = await workflow_rows.find_unfinished(connection, [workflow_id])
    if not rows:
        return False
    subscription = SeenFinding(START, "subscription", str(rows[0].subscription_id), {})
    await start_again(reach, subscription)
    return True


async def _send(reach: Reach, ordered: Ordered) -> str:
    workflow = reach.temporal.get_workflow_handle(ordered.workflow_id)
    try:
        await workflow.execute_update(
            ordered.name,
            ordered.argument,
            id=f"again:{ordered.update_id}",
            rpc_timeout=reach.rpc_timeout,
        )
    except WorkflowUpdateFailedError as refusal:
        return f"refused: {refusal.cause}"
    except (RPCError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        if _is_being_canceled():
            raise
        return f"not sent: {error}"
    return "carried out"


def _is_being_canceled() -> bool:
    """The library tells a Ctrl-C, too, as an update that took too long: nothing more is to be sent then."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _events_since(
    temporal: Client, run: WorkflowExecution, since: datetime
) -> AsyncIterator[HistoryEvent]:
    """The newest first, so that a long history is not read for its last day."""
    page = b""
    while True:
        answer = await temporal.workflow_service.get_workflow_execution_history_reverse(
            GetWorkflowExecutionHistoryReverseRequest(
                namespace=temporal.namespace,
                execution=run,
                maximum_page_size=EVENTS_AT_ONCE,
                next_page_token=page,
            )
        )
        for event in answer.history.events:
            if event.event_time.ToDatetime(tzinfo=UTC) < since:
                return
            yield event
        page = answer.next_page_token
        if not page:
            return


async def _ordered_in(temporal: Client, workflow_id: str, newest_first: list[HistoryEvent]) -> list[Ordered]:
    succeeded, found = set[str](), list[Ordered]()
    for event in newest_first:
        completed = event.workflow_execution_update_completed_event_attributes
        if completed.outcome.HasField("success"):
            succeeded.add(completed.meta.update_id)
        request = event.workflow_execution_update_accepted_event_attributes.accepted_request
        if request.meta.update_id in succeeded and request.input.name != START:
            [argument] = await temporal.data_converter.decode(request.input.args.payloads)
            at = event.event_time.ToDatetime(tzinfo=UTC)
            found.append(Ordered(workflow_id, request.meta.update_id, request.input.name, at, argument))
    return found[::-1]
