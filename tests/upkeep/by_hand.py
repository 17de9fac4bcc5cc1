"""What a person may do to a workflow in the Temporal UI."""

import uuid

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, ResetReapplyType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowExecutionStatus

from tests.deadline import eventually
from tests.lives import Life

TASK_DONE = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED


async def terminate(life: Life) -> None:
    await life.world.temporal.get_workflow_handle(life.workflow_id).terminate("by hand")


async def request_cancel(life: Life) -> None:
    await life.world.temporal.get_workflow_handle(life.workflow_id).cancel()

    async def has_closed() -> bool:
        return await status_of(life) is WorkflowExecutionStatus.CANCELED

    await eventually(has_closed)


async def reset(life: Life, share: float) -> None:
    """Back to the task that stands so far in its history: 0.0 is the first one, 1.0 the last.

    What was sent to it since is sent once more, commands too.
    """
    temporal = life.world.temporal
    history = await temporal.get_workflow_handle(life.workflow_id).fetch_history()
    tasks = [event.event_id for event in history.events if event.event_type == TASK_DONE]
    await temporal.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=temporal.namespace,
            workflow_execution=WorkflowExecution(workflow_id=life.workflow_id),
            reason="by hand",
            workflow_task_finish_event_id=tasks[round(share * (len(tasks) - 1))],
            request_id=uuid.uuid4().hex,
            reset_reapply_type=ResetReapplyType.RESET_REAPPLY_TYPE_ALL_ELIGIBLE,
        )
    )


async def status_of(life: Life) -> WorkflowExecutionStatus | None:
    return (await life.world.temporal.get_workflow_handle(life.workflow_id).describe()).status
