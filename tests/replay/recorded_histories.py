"""Histories as files: how they are fetched, stored, and boiled down to the workflow's commands."""

import hashlib
import json
import socket
from functools import cache
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowHistory

FOLDER = Path(__file__).parent / "histories"
CHECKSUMS = FOLDER / "frozen.sha256"
"""As `sha256sum` writes it: a line for every file, appended when the file is recorded."""


@cache
def recorded() -> dict[str, WorkflowHistory]:
    """Every recorded history by its name: the shape and, where there are several, the number of the run."""
    return {
        file.stem: WorkflowHistory.from_json(file.stem, file.read_text())
        for file in sorted(FOLDER.glob("*.json"))
    }


def store(name: str, history: WorkflowHistory) -> None:
    """Without the names of machines and processes. Raises `FileExistsError`: what is there is frozen."""
    told = json.loads(history.to_json().replace(socket.gethostname(), "host"), object_hook=_impersonal)
    file = FOLDER / f"{name}.json"
    with file.open("x") as new:
        new.write(json.dumps(told, separators=(",", ":")) + "\n")
    with CHECKSUMS.open("a") as checksums:
        checksums.write(f"{checksum(file)}  {file.name}\n")


def checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _impersonal(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in {"identity", "stackTrace"}}


async def fetch_runs(temporal: Client, workflow_id: str) -> list[WorkflowHistory]:
    """The histories of all runs of a workflow, the first one first."""
    newest = await temporal.get_workflow_handle(workflow_id).describe()
    run_id: str | None = newest.raw_description.workflow_execution_info.first_run_id
    runs = []
    while run_id:
        runs.append(await temporal.get_workflow_handle(workflow_id, run_id=run_id).fetch_history())
        run_id = _next_run_id(runs[-1].events[-1])
    return runs


def _next_run_id(last: HistoryEvent) -> str | None:
    return last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id or None


def commands(history: WorkflowHistory) -> list[str]:
    """What the workflow decided, in order: the events that replaying its code has to produce again."""
    return [named for event in history.events if (named := _command(event)) is not None]


def _command(event: HistoryEvent) -> str | None:
    match event.event_type:
        case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            return f"activity {event.activity_task_scheduled_event_attributes.activity_type.name}"
        case EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
            attributes = event.signal_external_workflow_execution_initiated_event_attributes
            return f"signal to another workflow: {attributes.signal_name}"
        case EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
            child = event.start_child_workflow_execution_initiated_event_attributes
            return f"child workflow {child.workflow_type.name}"
        case (
            EventType.EVENT_TYPE_TIMER_STARTED
            | EventType.EVENT_TYPE_TIMER_CANCELED
            | EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES
            | EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
            | EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED
            | EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED
            | EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED
            | EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
        ):
            return EventType.Name(event.event_type).removeprefix("EVENT_TYPE_").lower()
    return None
