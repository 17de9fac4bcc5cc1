"""Rules about workflows and rows: one for each other, telling the same, and none of them stuck."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import WorkflowExecution, WorkflowExecutionDescription
from temporalio.common import TypedSearchAttributes

from db.queries.reconciliation import SeenFinding
from db.queries.workflow_rows import WorkflowRow
from upkeep.reconciliation.listing import (
    listed_as_running,
    listed_workflows,
    look_at,
    rows_of,
    unfinished_rows,
)
from upkeep.reconciliation.mending import REVIVED, STARTED_AGAIN, TERMINATED
from upkeep.reconciliation.reach import Reach
from upkeep.reconciliation.rule import Kind, Rule
from upkeep.workflow_clock import is_at_rest
from workflows.search_attributes import shown_attributes

FAILING = (
    "ExecutionStatus = 'Running' AND TemporalReportedProblems IN"
    " ('category=WorkflowTaskFailed', 'category=WorkflowTaskTimedOut')"
)
"""The server says it of a workflow whose task has failed five times in a row, unless it is set otherwise."""

FAILED_ATTEMPTS = 2


async def a_row_has_no_workflow(reach: Reach) -> AsyncIterator[SeenFinding]:
    listed = await listed_as_running(reach)
    async for page in unfinished_rows(reach):
        for row in page:
            if row.workflow_id in listed or await look_at(reach, row.workflow_id) is not None:
                continue
            current = (await rows_of(reach, [row.workflow_id])).get(row.workflow_id)
            if current is not None and not current.is_finished:
                details = {"workflow_id": row.workflow_id, "status": current.status}
                yield _finding(a_row_has_no_workflow.__name__, row.subscription_id, details)


async def a_workflow_has_no_row(reach: Reach) -> AsyncIterator[SeenFinding]:
    """One that was just started has none yet."""
    async for page in listed_workflows(reach):
        old = [workflow for workflow in page if _age(workflow.start_time) > reach.bounds.starting]
        known = await rows_of(reach, [workflow.id for workflow in old])
        for workflow in old:
            if workflow.id in known or await look_at(reach, workflow.id) is None:
                continue
            if not await rows_of(reach, [workflow.id]):
                details = {"started_at": workflow.start_time.isoformat()}
                yield SeenFinding(a_workflow_has_no_row.__name__, "workflow", workflow.id, details)


async def a_finished_row_has_a_workflow(reach: Reach) -> AsyncIterator[SeenFinding]:
    async for page in listed_workflows(reach):
        rows = await rows_of(reach, [workflow.id for workflow in page])
        for row in rows.values():
            if not row.is_finished or await look_at(reach, row.workflow_id) is None:
                continue
            if row.changed_at is None or _age(row.changed_at) > reach.bounds.ending:
                details = {"workflow_id": row.workflow_id, "status": row.status}
                yield _finding(a_finished_row_has_a_workflow.__name__, row.subscription_id, details)


async def search_attributes_are_not_the_row_s(reach: Reach) -> AsyncIterator[SeenFinding]:
    """Of workflows at rest: what is in the middle of a step shows it when the step is done."""
    async for page in listed_workflows(reach):
        rows = await rows_of(reach, [workflow.id for workflow in page])
        for workflow in page:
            row = rows.get(workflow.id)
            if row is None or row.is_finished or not _differences(row, workflow.typed_search_attributes):
                continue
            if differences := await _differences_at_rest(reach, workflow):
                details = {"workflow_id": workflow.id, "differences": differences}
                yield _finding(search_attributes_are_not_the_row_s.__name__, row.subscription_id, details)


async def a_workflow_task_keeps_failing(reach: Reach) -> AsyncIterator[SeenFinding]:
    """Of any of our workflows: it is stuck, not lost, and goes on when the code is right again."""
    async for page in listed_workflows(reach, FAILING):
        rows = await rows_of(reach, [workflow.id for workflow in page])
        for workflow in page:
            described = await look_at(reach, workflow.id)
            if described is None or _failed_attempts(described) < FAILED_ATTEMPTS:
                continue
            details = {"workflow_type": workflow.workflow_type, "attempts": _failed_attempts(described)}
            row = rows.get(workflow.id)
            if row is None:
                yield SeenFinding(a_workflow_task_keeps_failing.__name__, "workflow", workflow.id, details)
            else:
                yield _finding(a_workflow_task_keeps_failing.__name__, row.subscription_id, details)


async def _differences_at_rest(reach: Reach, workflow: WorkflowExecution) -> dict[str, Any]:
    """By the workflow itself, and a row that stayed as it was while we looked."""
    before = (await rows_of(reach, [workflow.id])).get(workflow.id)
    described = await look_at(reach, workflow.id)
    after = (await rows_of(reach, [workflow.id])).get(workflow.id)
    if before is None or after is None or described is None or not is_at_rest(described.raw_description):
        return {}
    if before.version != after.version or after.is_finished:
        return {}
    return _differences(after, described.typed_search_attributes)


def _differences(row: WorkflowRow, shown: TypedSearchAttributes) -> dict[str, Any]:
    """What is shown and is not the row's, and what the row says: nothing, when that cannot be read."""
    if row.state is None:
        return {}
    wanted = {update.key: update.value for update in shown_attributes(row.state).values()}
    return {
        key.name: {"shown": _plain(shown.get(key)), "row": _plain(value)}
        for key, value in wanted.items()
        if shown.get(key) != value
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _failed_attempts(described: WorkflowExecutionDescription) -> int:
    raw = described.raw_description
    return raw.pending_workflow_task.attempt - 1 if raw.HasField("pending_workflow_task") else 0


def _age(at: datetime) -> timedelta:
    return datetime.now(UTC) - at


def _finding(rule: str, subscription_id: int, details: dict[str, Any]) -> SeenFinding:
    return SeenFinding(rule, "subscription", str(subscription_id), details)


WORKFLOW_RULES = (
    Rule(a_row_has_no_workflow.__name__, Kind.LIVENESS, a_row_has_no_workflow, REVIVED),
    Rule(a_workflow_has_no_row.__name__, Kind.LIVENESS, a_workflow_has_no_row),
    Rule(a_finished_row_has_a_workflow.__name__, Kind.LIVENESS, a_finished_row_has_a_workflow, TERMINATED),
    Rule(
        search_attributes_are_not_the_row_s.__name__,
        Kind.LIVENESS,
        search_attributes_are_not_the_row_s,
        STARTED_AGAIN,
    ),
    Rule(a_workflow_task_keeps_failing.__name__, Kind.LIVENESS, a_workflow_task_keeps_failing, STARTED_AGAIN),
)
