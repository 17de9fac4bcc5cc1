"""Delivers the payment reports that are due: also while no API runs, whose own relays are quicker."""

from temporalio import workflow

from activities.upkeep_contracts import deliver_inbox
from workflows.options import ROUTINE_STEP


@workflow.defn(name="DeliverInbox")
class DeliverInbox:
    @workflow.run
    async def run(self) -> int:
        """Returns how many it delivered. What it could not, the next run does."""
        return await workflow.execute_activity(deliver_inbox, summary="due reports", **ROUTINE_STEP)
