"""How findings are put right: always by a way that the product takes anyway, never by writing money."""

import json
from datetime import datetime

from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError, RPCStatusCode

from db.database import Database
from db.queries import payment_reports, report_deliveries, workflow_rows
from db.queries.payment_reports import IncomingReport, ReportStatus
from db.queries.reconciliation import SeenFinding
from domain.payment import PaymentFact, ReportedStatus
from ops.tracing import new_trace_id
from upkeep.own_time import own_now
from upkeep.reconciliation.reach import Reach
from upkeep.reconciliation.rule import Mend
from workflows.messages import RefundLife
from workflows.options import BILLING_QUEUE
from workflows.refund import Refund, refund_attributes, refund_workflow_id

WHY = "reconciliation: it did not agree with its row"


async def revive(reach: Reach, finding: SeenFinding) -> bool:
    """Starts the workflow again from its row, unless it runs by now."""
    workflow_id = await _workflow_of(reach.database, finding)
    return workflow_id is not None and await reach.lost_workflows.revive_if_closed(workflow_id)


async def start_again(reach: Reach, finding: SeenFinding) -> bool:
    """Its history is given up for what the row says: the row is what everybody reads and what is backed up.

    A command that comes in between is told to come again.
    """
    workflow_id = await _workflow_of(reach.database, finding)
    if workflow_id is None:
        return False
    await _terminate(reach, workflow_id)
    return await reach.lost_workflows.revive_if_closed(workflow_id)


async def terminate(reach: Reach, finding: SeenFinding) -> bool:
    """Its subscription is finished; what is still reported of it is settled without its workflow."""
    return await _terminate(reach, str(finding.details["workflow_id"]))


async def report_success(reach: Reach, finding: SeenFinding) -> bool:
    """Puts what the provider's book says into the inbox, once, as if it had been reported.

    From there on it is settled as ever: late money goes back, another amount waits for a person, and
    so does what names no payment of ours.
    """
    charge = finding.details
    if finding.subject_kind != "payment":
        return False
    incoming = IncomingReport(
        provider=charge["provider"],
        event_id=f"reconciled:{charge['reference']}",
        payment_id=charge["payment_id"],
        fact=PaymentFact(ReportedStatus.SUCCEEDED, charge["amount_cents"], charge["currency"]),
        decline_code=None,
        occurred_at=datetime.fromisoformat(charge["created_at"]),
        raw_body=json.dumps(dict(charge)).encode(),
        trace_id=new_trace_id(),
    )
    async with reach.database.transaction() as connection:
        payment = await payment_reports.share_lock_payment(connection, incoming.payment_id, incoming.provider)
        if payment is None:
            return False
        stored = await payment_reports.store_report(connection, incoming, ReportStatus.RECEIVED)
    return stored is not None


async def deliver_again(reach: Reach, finding: SeenFinding) -> bool:
    """An API delivers it within seconds, or the schedule within a minute."""
    async with reach.database.transaction() as connection:
        await report_deliveries.deliver_now(connection, int(finding.subject_id))
    return True


async def ask_for_refund_again(reach: Reach, finding: SeenFinding) -> bool:
    """Under the refund's own key: what the provider gave back already is the same refund."""
    refund_id = int(finding.subject_id)
    async with reach.database.read() as connection:
        row = await workflow_rows.find_row_of_refund(connection, refund_id)
    if row is None:
        return False
    await reach.temporal.start_workflow(
        Refund.run,
        RefundLife(own_now(row.clock_offset), refund_id=refund_id),
        id=refund_workflow_id(refund_id),
        task_queue=BILLING_QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        search_attributes=refund_attributes(row.subscription_id),
        static_summary=f"refund {refund_id}, asked for again",
        rpc_timeout=reach.rpc_timeout,
    )
    return True


async def _workflow_of(database: Database, finding: SeenFinding) -> str | None:
    """`None` for a workflow that is no subscription's: a person has to know what it is."""
    if finding.subject_kind != "subscription":
        return None
    async with database.read() as connection:
        return await workflow_rows.find_workflow_id(connection, int(finding.subject_id))


async def _terminate(reach: Reach, workflow_id: str) -> bool:
    workflow = reach.temporal.get_workflow_handle(workflow_id)
    try:
        await workflow.terminate(WHY, rpc_timeout=reach.rpc_timeout)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return False
    return True


REVIVED = Mend("started again from its row", revive, by_itself=True)
REPORTED = Mend("put into the inbox, from where it is settled as ever", report_success, by_itself=True)
STARTED_AGAIN = Mend("terminated and started again from its row", start_again)
TERMINATED = Mend("terminated", terminate)
DELIVERED_AGAIN = Mend("due for delivery now", deliver_again)
ASKED_AGAIN = Mend("asked for again under its key", ask_for_refund_again)
