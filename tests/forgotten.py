"""A workflow that retention has removed, with its history."""

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.service import RPCError

from tests.deadline import eventually
from tests.lives import World


async def forget(world: World, workflow_id: str) -> None:
    """As retention does with one that has closed, and `temporal workflow delete` with any."""
    execution = WorkflowExecution(workflow_id=workflow_id)
    request = DeleteWorkflowExecutionRequest(namespace="default", workflow_execution=execution)
    await world.temporal.workflow_service.delete_workflow_execution(request)

    async def is_gone() -> bool:
        try:
            await world.temporal.get_workflow_handle(workflow_id).describe()
        except RPCError:
            return True
        return False

    await eventually(is_gone)
