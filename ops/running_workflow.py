"""A look at a workflow that runs."""

from datetime import timedelta

from temporalio.client import Client, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode


async def find_running(
    temporal: Client, workflow_id: str, rpc_timeout: timedelta
) -> WorkflowExecutionDescription | None:
    """As it is now; `None` when it has closed, is forgotten, or never was. Raises `RPCError`."""
    workflow = temporal.get_workflow_handle(workflow_id)
    try:
        described = await workflow.describe(rpc_timeout=rpc_timeout)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None
    return described if described.status is WorkflowExecutionStatus.RUNNING else None
