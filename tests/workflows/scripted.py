"""The engine played by a script: each order is kept, and answered in turn by what the test has laid ready."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any, NoReturn

import pytest
from temporalio.common import SearchAttributeUpdate
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, WorkflowAlreadyStartedError

from activities.contracts import RecordedSubscription, RecordSubscription
from tests.domain.states import IN_THE_PERIOD
from workflows import bookkeeping, commands, deliver_event, details, reconcile, refund, step_lag, subscription
from workflows.messages import RefundLife, SubscriptionLife

AT = IN_THE_PERIOD
MODULES = (bookkeeping, commands, deliver_event, details, reconcile, refund, step_lag, subscription)


class GaveWayError(Exception):
    """Where the engine would begin the next run, with this argument."""


class NothingLaidReadyError(Exception):
    """The script is over, and the workflow orders on."""


@dataclass
class Engine:
    """In the place of `temporalio.workflow`. What is laid ready is an answer, an error, or a call for one."""

    laid_ready: list[Any] = field(default_factory=list)
    meanwhile: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What comes while a condition is waited for."""

    orders: list[tuple[str, Any, str]] = field(default_factory=list)
    """What was ordered, with which argument, and what the Temporal UI says of it."""

    options: list[dict[str, Any]] = field(default_factory=list)
    """How each activity was called."""

    at: datetime = AT
    shown: dict[str, Any] = field(default_factory=dict)
    details: str = ""
    counted: list[tuple[str, str]] = field(default_factory=list)
    started_before: set[str] = field(default_factory=set)
    is_patched: bool = True
    handlers_run: bool = False
    history_length: int = 10
    is_too_long: bool = False
    logger: logging.Logger = field(default_factory=lambda: logging.getLogger("scripted"))

    @classmethod
    def of(cls, monkeypatch: pytest.MonkeyPatch) -> "Engine":
        """Of all that the parts of a workflow are in."""
        engine = cls()
        for module in MODULES:
            monkeypatch.setattr(module, "workflow", engine)
        return engine

    def now(self) -> datetime:
        return self.at

    def patched(self, _change: str) -> bool:
        return self.is_patched

    def all_handlers_finished(self) -> bool:
        return not self.handlers_run

    def info(self) -> Any:
        return SimpleNamespace(
            workflow_id="subscription:11:key-1",
            get_current_history_length=lambda: self.history_length,
            is_continue_as_new_suggested=lambda: self.is_too_long,
        )

    def continue_as_new(self, life: SubscriptionLife) -> NoReturn:
        raise GaveWayError(life)

    def get_external_workflow_handle(self, workflow_id: str) -> "Engine":
        self.orders.append(("signal", workflow_id, ""))
        return self

    async def signal(self, signal: Callable[..., Any]) -> None:
        self.orders.append(("signal", signal.__name__, ""))
        if self.laid_ready and isinstance(self.laid_ready[0], ApplicationError):
            raise self.laid_ready.pop(0)

    async def execute_activity(
        self, activity: Callable[..., Any], command: Any = None, *, summary: str, **options: Any
    ) -> Any:
        self.options.append(options)
        self.orders.append((activity.__name__, command, summary))
        if not self.laid_ready:
            raise NothingLaidReadyError(activity.__name__)
        answer = self.laid_ready.pop(0)
        if callable(answer):
            answer = answer(command)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def start_child_workflow(
        self,
        _run: Any,
        life: RefundLife,
        *,
        id: str,  # noqa: A002 - the SDK's name
        static_summary: str,
        **_options: Any,
    ) -> None:
        self.orders.append((id, life, static_summary))
        if id in self.started_before:
            raise WorkflowAlreadyStartedError(id, "Refund")

    async def sleep(self, wait: timedelta, *, summary: str) -> None:
        self.orders.append(("sleep", wait, summary))
        self.at += wait

    async def wait_condition(
        self,
        is_met: Callable[[], bool],
        *,
        timeout: timedelta | None = None,  # noqa: ASYNC109 - the SDK's name
        timeout_summary: str | None = None,
    ) -> None:
        while not is_met():
            if timeout is not None and not self.meanwhile:
                self.orders.append(("timer", timeout, timeout_summary or ""))
                self.at += timeout
                raise TimeoutError
            await self.meanwhile.pop(0)()

    def upsert_search_attributes(self, updates: Sequence[SearchAttributeUpdate[Any]]) -> None:
        self.shown |= {update.key.name: update.value for update in updates}

    def set_current_details(self, text: str) -> None:
        self.details = text

    def metric_meter(self) -> "Engine":
        return self

    def create_counter(self, name: str, description: str) -> "Engine":
        self.counted.append((name, description))
        return self

    def create_histogram_float(self, *_named: str) -> "Engine":
        return self

    def with_additional_attributes(self, _attributes: dict[str, str]) -> "Engine":
        return self

    def record(self, _value: float) -> None:
        """What is measured is in `test_step_lag.py`."""

    def add(self, count: int) -> None:
        assert count == 1


async def told(update: Any, *arguments: Any) -> Any:
    """What an update of an object answers; the SDK types it as one of its class."""
    return await update(*arguments)


def written(command: RecordSubscription) -> RecordedSubscription:
    """To lay ready: a database in which nothing stands against it."""
    return RecordedSubscription(command.change.state, written=True)


def cancelled() -> ActivityError:
    """The workflow was ended by hand while the activity ran."""
    failure = failed("")
    failure.__cause__ = CancelledError()
    return failure


def failed(type_: str, *details: Any) -> ActivityError:
    """An activity that is not tried again, by the type of its error."""
    failure = ActivityError(
        "failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="",
        activity_type="",
        activity_id="1",
        retry_state=None,
    )
    failure.__cause__ = ApplicationError("said no", *details, type=type_, non_retryable=True)
    return failure
