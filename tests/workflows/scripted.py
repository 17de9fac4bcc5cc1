"""The engine played by a script: each order is kept, and answered in turn by what the test has laid ready."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from temporalio.common import SearchAttributeUpdate
from temporalio.exceptions import ActivityError, ApplicationError

from activities.contracts import RecordedSubscription, RecordSubscription
from tests.domain.states import IN_THE_PERIOD
from workflows import bookkeeping, commands, details, refund
from workflows.messages import RefundLife

AT = IN_THE_PERIOD


@dataclass
class Engine:
    """In the place of `temporalio.workflow`. What is laid ready is an answer, an error, or a call for one."""

    laid_ready: list[Any] = field(default_factory=list)
    meanwhile: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What comes while a condition is waited for."""

    orders: list[tuple[str, Any, str]] = field(default_factory=list)
    """What was ordered, with which argument, and what the Temporal UI says of it."""

    at: datetime = AT
    shown: dict[str, Any] = field(default_factory=dict)
    details: str = ""
    counted: list[str] = field(default_factory=list)
    is_patched: bool = True
    logger: logging.Logger = field(default_factory=lambda: logging.getLogger("scripted"))

    @classmethod
    def of(cls, monkeypatch: pytest.MonkeyPatch) -> "Engine":
        """Of all that the parts of a workflow are in."""
        engine = cls()
        for module in (bookkeeping, commands, details, refund):
            monkeypatch.setattr(module, "workflow", engine)
        return engine

    def now(self) -> datetime:
        return self.at

    def patched(self, _change: str) -> bool:
        return self.is_patched

    def all_handlers_finished(self) -> bool:
        return True

    async def execute_activity(
        self, activity: Callable[..., Any], command: Any, *, summary: str, **_options: Any
    ) -> Any:
        self.orders.append((activity.__name__, command, summary))
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

    async def sleep(self, wait: timedelta, *, summary: str) -> None:
        self.orders.append(("sleep", wait, summary))
        self.at += wait

    async def wait_condition(self, is_met: Callable[[], bool]) -> None:
        while not is_met():
            await self.meanwhile.pop(0)()

    def upsert_search_attributes(self, updates: Sequence[SearchAttributeUpdate[Any]]) -> None:
        self.shown |= {update.key.name: update.value for update in updates}

    def set_current_details(self, text: str) -> None:
        self.details = text

    def metric_meter(self) -> "Engine":
        return self

    def create_counter(self, name: str, _description: str) -> "Engine":
        self.counted.append(name)
        return self

    def add(self, count: int) -> None:
        self.counted += (count - 1) * [self.counted[-1]]


async def told(update: Any, *arguments: Any) -> Any:
    """What an update of an object answers; the SDK types it as one of its class."""
    return await update(*arguments)


def written(command: RecordSubscription) -> RecordedSubscription:
    """To lay ready: a database in which nothing stands against it."""
    return RecordedSubscription(command.change.state, written=True)


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
