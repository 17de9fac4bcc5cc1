"""Gives money back through its provider: on its own, so that it works after the subscription has ended."""

from temporalio import workflow
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

from activities.contracts import send_refund
from workflows.options import PROVIDER_CALL


@workflow.defn(name="Refund")
class Refund:
    @workflow.run
    async def run(self, refund_id: int) -> None:
        await workflow.execute_activity(send_refund, refund_id, **PROVIDER_CALL)


async def send_refunds(refund_ids: tuple[int, ...]) -> None:
    """Starts a workflow for each; one that was started before is left alone."""
    for refund_id in refund_ids:
        try:
            await workflow.start_child_workflow(
                Refund.run,
                refund_id,
                id=refund_workflow_id(refund_id),
                parent_close_policy=ParentClosePolicy.ABANDON,
            )
        except WorkflowAlreadyStartedError:
            workflow.logger.info("the refund was sent before")


def refund_workflow_id(refund_id: int) -> str:
    return f"refund:{refund_id}"
