"""Asks a workflow to do something, and turns its refusal into a problem."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

from temporalio.client import WithStartWorkflowOperation, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from api.problems import RETRY_SOON, Problem
from api.refusals import problem_of
from domain.refusals import RefusalCode, Refused
from upkeep.own_time import own_now

T = TypeVar("T")


async def ask(
    update: Callable[[str], Awaitable[T]], update_id: str, clock_offset: timedelta = timedelta()
) -> T:
    """Sends the update under an id that is the same for the same request, so that it happens once.

    Temporal keeps the outcome of an update id, refusals included. When it is a refusal from before this
    request, whose cause may have gone, it is asked once more, under an id that no request had before: what is
    asked for has to be such that twice is once. A refusal is dated in the time of the workflow, which is
    `clock_offset` ahead of ours. Raises `Problem`.
    """
    asked_at = own_now(clock_offset)
    try:
        return await update(update_id)
    except WorkflowUpdateFailedError as failure:
        refused_at = _refused_at(failure)
        if refused_at is None or refused_at >= asked_at:
            raise _problem_in(failure) from failure
    try:
        return await update(f"{update_id}:{uuid4().hex}")
    except WorkflowUpdateFailedError as failure:
        raise _problem_in(failure) from failure


@contextmanager
def heard(start: WithStartWorkflowOperation[Any, Any]) -> Iterator[None]:
    """A failure of update-with-start is told a second time, to whoever waits for the workflow's handle.

    asyncio logs what nobody hears: here somebody does.
    """
    listener = asyncio.ensure_future(start.workflow_handle())
    listener.add_done_callback(lambda done: done.cancelled() or done.exception())
    try:
        yield
    finally:
        listener.cancel()


def interrupted() -> Problem:
    return Problem(
        503,
        "workflow_interrupted",
        "The request was interrupted. Repeat it with the same key to finish it.",
        headers=RETRY_SOON,
    )


def _problem_in(failure: WorkflowUpdateFailedError) -> Problem:
    error = failure.cause
    if not isinstance(error, ApplicationError) or error.type not in set(RefusalCode):
        return interrupted()
    return problem_of(Refused(RefusalCode(error.type), error.message, _details(error).get("facts", {})))


def _refused_at(failure: WorkflowUpdateFailedError) -> datetime | None:
    at = _details(failure.cause).get("refused_at")
    return datetime.fromisoformat(at) if at else None


def _details(error: BaseException) -> dict[str, Any]:
    details: dict[str, Any] = next(iter(error.details), {}) if isinstance(error, ApplicationError) else {}
    return details
