"""Rows and workflows a page at a time, so that memory stays bounded however many there are.

What Temporal lists is a little old: whoever suspects something looks at the workflow itself, then at the row
once more.
"""

import re
from collections.abc import AsyncIterator, Sequence

from temporalio.client import WorkflowExecution, WorkflowExecutionDescription, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from db.queries import workflow_rows
from db.queries.workflow_rows import KeptRow, UnfinishedRow, WorkflowRow
from upkeep.reconciliation.reach import Reach

ROWS_AT_ONCE = 500
WORKFLOWS_AT_ONCE = 200
ASKED_FOR_AT_ONCE = 50
RUNNING = "WorkflowType = 'Subscription' AND ExecutionStatus = 'Running'"

_QUOTABLE = re.compile(r"[A-Za-z0-9:._~ -]+", re.ASCII)
"""Ids end in a key of a client's choice: what could mean something in a query is asked for one by one."""


async def unfinished_rows(reach: Reach) -> AsyncIterator[list[UnfinishedRow]]:
    after_id = 0
    while True:
        async with reach.database.read() as connection:
            page = await workflow_rows.list_unfinished(connection, after_id, ROWS_AT_ONCE)
        if not page:
            return
        after_id = page[-1].subscription_id
        yield [row for row in page if reach.concerns(row.workflow_id)]


async def kept_rows(reach: Reach) -> AsyncIterator[KeptRow]:
    after_id = 0
    while True:
        async with reach.database.read() as connection:
            page = await workflow_rows.list_kept(connection, after_id, ROWS_AT_ONCE)
        if not page:
            return
        after_id = page[-1].subscription_id
        for row in page:
            yield row


async def running_workflows(reach: Reach, query: str = RUNNING) -> AsyncIterator[list[WorkflowExecution]]:
    """As Temporal lists them."""
    page: list[WorkflowExecution] = []
    listed = reach.temporal.list_workflows(query, page_size=WORKFLOWS_AT_ONCE, rpc_timeout=reach.rpc_timeout)
    async for workflow in listed:
        if not reach.concerns(workflow.id):
            continue
        page.append(workflow)
        if len(page) == WORKFLOWS_AT_ONCE:
            yield page
            page = []
    if page:
        yield page


async def rows_of(reach: Reach, workflow_ids: Sequence[str]) -> dict[str, WorkflowRow]:
    async with reach.database.read() as connection:
        return await workflow_rows.find_rows(connection, workflow_ids)


async def are_listed_as_running(reach: Reach, workflow_ids: Sequence[str]) -> set[str]:
    """Those of them; others may run as well."""
    listed: set[str] = set()
    plain = [workflow_id for workflow_id in workflow_ids if _QUOTABLE.fullmatch(workflow_id)]
    for first in range(0, len(plain), ASKED_FOR_AT_ONCE):
        some = plain[first : first + ASKED_FOR_AT_ONCE]
        ids = ", ".join(f"'{workflow_id}'" for workflow_id in some)
        query = f"WorkflowId IN ({ids}) AND ExecutionStatus = 'Running'"
        async for workflow in reach.temporal.list_workflows(query, rpc_timeout=reach.rpc_timeout):
            listed.add(workflow.id)
    return listed


async def look_at(reach: Reach, workflow_id: str) -> WorkflowExecutionDescription | None:
    """The workflow itself, as it is now; `None` when it does not run."""
    workflow = reach.temporal.get_workflow_handle(workflow_id)
    try:
        described = await workflow.describe(rpc_timeout=reach.rpc_timeout)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None
    return described if described.status is WorkflowExecutionStatus.RUNNING else None
