"""What a workflow orders, with all that it says of it: as its code gives it, and as a history has kept it.

But for traces: the histories were recorded before steps had traces of their own (`tests/traces`).
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from google.protobuf.json_format import MessageToDict
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.sdk.v1 import UserMetadata
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_commands import WorkflowCommand
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.client import WorkflowHistory
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from worker.replay_gate import replayer
from worker.sandbox import sandboxed_runner

Orders: TypeAlias = dict[str, list[Any]]
"""By kind, in their order."""


async def given_in_replay(history: WorkflowHistory) -> Orders:
    """What the code orders when it lives the history again."""
    runner = _Listener(sandboxed_runner())
    await replayer(runner).replay_workflow(history)
    return _by_kind(map(_of_command, runner.commands))


def kept_in(history: WorkflowHistory) -> Orders:
    started = history.events[0].workflow_execution_started_event_attributes
    return _by_kind(_of_event(event, started.task_queue.name) for event in history.events)


def narrowed(given: Any, kept: Any) -> Any:
    """`given` without the fields that the state, or an order, had not yet when `kept` was recorded."""
    match given, kept:
        case dict(), dict():
            return {name: narrowed(value, kept[name]) for name, value in given.items() if name in kept}
        case list() | tuple(), list() | tuple() if len(given) == len(kept):
            return type(given)(narrowed(*both) for both in zip(given, kept, strict=True))
        case _:
            return given


class _Listener(WorkflowRunner):
    def __init__(self, runner: SandboxedWorkflowRunner) -> None:
        self._runner = runner
        self.commands: list[WorkflowCommand] = []

    def prepare_workflow(self, defn: Any) -> None:
        self._runner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        instance = self._runner.create_instance(det)
        activate = instance.activate

        def listen(activation: WorkflowActivation) -> WorkflowActivationCompletion:
            done = activate(activation)
            self.commands.extend(done.successful.commands)
            return done

        instance.activate = listen  # type: ignore[assignment, method-assign]  # of this one alone
        return instance


def _by_kind(orders: Iterable[tuple[str, Any] | None]) -> Orders:
    by_kind: Orders = defaultdict(list)
    for order in orders:
        if order is not None:
            by_kind[order[0]].append(order[1])
    return dict(by_kind)


def _of_command(command: WorkflowCommand) -> tuple[str, Any] | None:  # noqa: PLR0911 - one for each kind
    summary = _summary(command.user_metadata)
    match command.WhichOneof("variant"):
        case "schedule_activity":
            activity = command.schedule_activity
            queue = None if activity.task_queue.startswith("replay-") else activity.task_queue
            return _activity(activity, activity.activity_type, queue, activity.arguments, summary)
        case "start_timer":
            return "timer", (command.start_timer.start_to_fire_timeout.ToTimedelta(), summary)
        case "upsert_workflow_search_attributes":
            shown = command.upsert_workflow_search_attributes.search_attributes
            return "search attributes", _told_by_name(shown.indexed_fields)
        case "update_response":
            answer = command.update_response
            return None if answer.HasField("accepted") else _answer(answer.completed, answer.rejected)
        case "start_child_workflow_execution":
            child = command.start_child_workflow_execution
            return "child", (
                *(
                    child.workflow_type,
                    child.workflow_id,
                    _told(child.input),
                    child.parent_close_policy,
                    summary,
                ),
                _told_by_name(child.search_attributes.indexed_fields),
            )
        case "signal_external_workflow_execution":
            signal = command.signal_external_workflow_execution
            return "signal", (signal.signal_name, signal.workflow_execution.workflow_id, _told(signal.args))
        case "continue_as_new_workflow_execution":
            return "next run", _told(command.continue_as_new_workflow_execution.arguments)
        case "complete_workflow_execution":
            return "end", _told([command.complete_workflow_execution.result])
        case "fail_workflow_execution":
            return "failure", _failure(command.fail_workflow_execution.failure)
        case _:
            return None


def _of_event(event: HistoryEvent, own_queue: str) -> tuple[str, Any] | None:  # noqa: PLR0911 - one for each kind
    summary = _summary(event.user_metadata)
    match event.event_type:
        case EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            activity = event.activity_task_scheduled_event_attributes
            queue = None if activity.task_queue.name == own_queue else activity.task_queue.name
            return _activity(activity, activity.activity_type.name, queue, activity.input.payloads, summary)
        case EventType.EVENT_TYPE_TIMER_STARTED:
            return "timer", (
                event.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta(),
                summary,
            )
        case EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES:
            shown = event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields
            return None if "TemporalChangeVersion" in shown else ("search attributes", _told_by_name(shown))
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED:
            outcome = event.workflow_execution_update_completed_event_attributes.outcome
            [success] = outcome.success.payloads or [Payload()]
            return _answer(success, outcome.failure)
        case EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED:
            child = event.start_child_workflow_execution_initiated_event_attributes
            inputs = child.input.payloads
            return "child", (
                *(
                    child.workflow_type.name,
                    child.workflow_id,
                    _told(inputs),
                    child.parent_close_policy,
                    summary,
                ),
                _told_by_name(child.search_attributes.indexed_fields),
            )
        case EventType.EVENT_TYPE_SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_INITIATED:
            signal = event.signal_external_workflow_execution_initiated_event_attributes
            return "signal", (
                signal.signal_name,
                signal.workflow_execution.workflow_id,
                _told(signal.input.payloads),
            )
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
            return "next run", _told(
                event.workflow_execution_continued_as_new_event_attributes.input.payloads
            )
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED:
            return "end", _told(event.workflow_execution_completed_event_attributes.result.payloads)
        case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
            return "failure", _failure(event.workflow_execution_failed_event_attributes.failure)
    return None


def _activity(
    options: Any, name: str, queue: str | None, arguments: Iterable[Payload], summary: Any
) -> tuple[str, Any]:
    attempt, whole, silence = (
        timeout.ToTimedelta()
        for timeout in (
            options.start_to_close_timeout,
            options.schedule_to_close_timeout,
            options.heartbeat_timeout,
        )
    )
    retried = MessageToDict(options.retry_policy)
    return "activity", (name, queue, _told(arguments), attempt, whole, silence, retried, summary)


def _answer(success: Payload, failure: Any) -> tuple[str, Any]:
    return "answer", (_told([success]), _failure(failure))


def _failure(failure: Any) -> Any:
    return (
        failure.message,
        failure.application_failure_info.type,
        _told(failure.application_failure_info.details.payloads),
    )


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    """Times are written in two ways."""
    return {
        name: value.replace("+00:00", "Z") if isinstance(value, str) else value
        for name, value in fields.items()
        if name != "trace_id"
    }


def _summary(metadata: UserMetadata) -> Any:
    return _told([metadata.summary])


def _told(payloads: Iterable[Payload]) -> list[Any]:
    return [json.loads(payload.data, object_hook=_plain) if payload.data else None for payload in payloads]


def _told_by_name(payloads: Mapping[str, Payload]) -> dict[str, Any]:
    return {name: _told([payload]) for name, payload in payloads.items()}
