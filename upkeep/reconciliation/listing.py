"""Rows and workflows a page at a time, so that no answer is too large however many there are.

What Temporal lists is a little old: whoever suspects something looks at the workflow itself, then at the row
once more.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

from temporalio.client import WorkflowExecution, WorkflowExecutionDescription

from db.queries import workflow_rows
from db.queries.workflow_rows import KeptRow, UnfinishedRow, WorkflowRow
from ops.running_workflow import find_running
from upkeep.reconciliation.reach import Reach

ROWS_AT_ONCE = 500
WORKFLOWS_AT_ONCE = 200
LISTED_AT_ONCE = 1_000
"""The most that Temporal gives: of a long list a page costs it more than what is on it."""
PAGE_TIMEOUT = timedelta(seconds=30)
"""Nobody waits for it, and beside much else a page takes seconds."""
RUNNING = "WorkflowType = 'Subscription' AND ExecutionStatus = 'Running'"


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


async def listed_workflows(reach: Reach, query: str = RUNNING) -> AsyncIterator[list[WorkflowExecution]]:
    """As Temporal lists them; by default all subscriptions' that run."""
    page: list[WorkflowExecution] = []
    listed = reach.temporal.list_workflows(query, page_size=LISTED_AT_ONCE, rpc_timeout=PAGE_TIMEOUT)
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


async def listed_as_running(reach: Reach) -> set[str]:
    """The ids of all of them; others may run as well. Some 150 bytes each.

    Not asked for by id: Temporal's SQLite reads all that runs for each question with ids in it.
    """
    return {workflow.id async for page in listed_workflows(reach) for workflow in page}


async def look_at(reach: Reach, workflow_id: str) -> WorkflowExecutionDescription | None:
    """The workflow itself, as it is now; `None` when it does not run."""
    return await find_running(reach.temporal, workflow_id, reach.rpc_timeout)
