"""Whether this code can go on with what earlier code began: histories are replayed, nothing is run.

The gate in front of a release. What it refuses would stand still as soon as a worker of this code takes it.
"""

import re
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from temporalio.client import Client, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer, WorkflowRunner

from domain.subscription import Status
from ops.payloads import DATA_CONVERTER
from worker.registry import WORKFLOWS
from worker.sandbox import sandboxed_runner
from worker.tracing import Tracing
from workflows.options import SUBSCRIPTION_STATUS
from workflows.subscription import Subscription

SAID_BY_THE_ENGINE = re.compile(r'message: "((?:[^"\\]|\\.)+)"')


@dataclass(frozen=True)
class Replayed:
    """One history. `failure` says why this code cannot go on with it, and is nothing when it can."""

    workflow_type: str
    workflow_id: str
    failure: str | None


def replayer(runner: WorkflowRunner | None = None) -> Replayer:
    """Takes workflows up as a worker of this code does."""
    return Replayer(
        workflows=WORKFLOWS,
        workflow_runner=runner or sandboxed_runner(),
        interceptors=[Tracing()],
        data_converter=DATA_CONVERTER,
    )


async def replay(histories: AsyncIterator[WorkflowHistory]) -> AsyncIterator[Replayed]:
    """Each of them, whatever became of the others."""
    async with replayer().workflow_replay_iterator(histories) as results:
        async for result in results:
            failure = result.replay_failure
            yield Replayed(
                _type_of(result.history),
                result.history.workflow_id,
                None if failure is None else f"{type(failure).__name__}: {_why(failure)}",
            )


async def stored_histories(files: Iterable[Path]) -> AsyncIterator[WorkflowHistory]:
    """Of JSON files, each as the Temporal UI or its command line exports one."""
    for file in files:
        yield WorkflowHistory.from_json(file.stem, file.read_text())


async def running_histories(temporal: Client, limit: int, query: str = "") -> AsyncIterator[WorkflowHistory]:
    """The newest open workflows: so many of each type, of subscriptions of each type and status.

    `query` is what of Temporal's list they have to be besides. Raises `RPCError` when it cannot be asked.
    """
    for kind in _kinds():
        wanted = " AND ".join(filter(None, ("ExecutionStatus = 'Running'", kind, query and f"({query})")))
        async for workflow in temporal.list_workflows(wanted, limit=limit):
            try:
                yield await temporal.get_workflow_handle(workflow.id, run_id=workflow.run_id).fetch_history()
            except RPCError as error:
                if error.status is not RPCStatusCode.NOT_FOUND:  # it has closed, and is gone
                    raise


def _why(failure: Exception) -> str:
    """The engine wraps what it has to say in a dump of its own structures."""
    said = SAID_BY_THE_ENGINE.search(str(failure))
    return said[1] if said else str(failure)


def _kinds() -> Iterator[str]:
    for workflow in WORKFLOWS:
        of_type = f"WorkflowType = '{workflow.__name__}'"
        if workflow is not Subscription:
            yield of_type
            continue
        for status in Status:
            yield f"{of_type} AND {SUBSCRIPTION_STATUS.name} = '{status}'"


def _type_of(history: WorkflowHistory) -> str:
    name: str = history.events[0].workflow_execution_started_event_attributes.workflow_type.name
    return name
