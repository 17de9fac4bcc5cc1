"""Looks for workflows that somebody terminated or canceled in the last minutes, and starts them again.

Reconciliation holds every row against its workflow, once an hour; this finds what a person has just ended by
hand, or a limit of the engine, within a minute.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog

from db.queries import workflow_rows
from upkeep.reconciliation.listing import listed_workflows
from upkeep.reconciliation.reach import Reach

LOOKS_BACK = timedelta(minutes=10)
ENDED_BADLY = (
    "WorkflowType = 'Subscription' AND ExecutionStatus IN ('Terminated', 'Canceled', 'TimedOut', 'Failed')"
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class LostSweep:
    reach: Reach

    async def revive_lost(self) -> int:
        """How many run again. One that was revived or reset already is left as it is."""
        since = datetime.now(UTC) - LOOKS_BACK
        query = f"{ENDED_BADLY} AND CloseTime > '{since:%Y-%m-%dT%H:%M:%SZ}'"
        revived = 0
        async for page in listed_workflows(self.reach, query):
            revived += await self._revive({workflow.id for workflow in page})
        return revived

    async def _revive(self, workflow_ids: set[str]) -> int:
        """Refused starts have failed too, and have no row."""
        async with self.reach.database.read() as connection:
            rows = await workflow_rows.find_unfinished(connection, workflow_ids)
        revived = 0
        for row in rows:
            try:
                revived += await self.reach.lost_workflows.revive_if_closed(row.workflow_id)
            except Exception:  # the others are not to wait for this one, which is tried again
                log.exception("workflow_not_revived", subscription_id=row.subscription_id)
        return revived
