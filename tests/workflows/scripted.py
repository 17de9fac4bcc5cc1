"""The engine played by a script: each order is kept, and answered in turn by what the test has laid ready."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from temporalio.exceptions import ActivityError, ApplicationError

from tests.domain.states import IN_THE_PERIOD
from workflows.messages import RefundLife

AT = IN_THE_PERIOD


@dataclass
class Engine:
    """In the place of `temporalio.workflow`. What is laid ready is an answer, an error, or a call for one."""

    laid_ready: list[Any] = field(default_factory=list)
    orders: list[tuple[str, Any, str]] = field(default_factory=list)
    """What was ordered, with which argument, and what the Temporal UI says of it."""

    def now(self) -> Any:
        return AT

    async def execute_activity(
        self, activity: Callable[..., Any], command: Any, *, summary: str, **_options: Any
    ) -> Any:
        self.orders.append((activity.__name__, command, summary))
        answer = self.laid_ready.pop(0)
        if callable(answer):
            answer = answer()
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
