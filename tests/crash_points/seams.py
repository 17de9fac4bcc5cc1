"""Where the product meets what keeps its promises: commits, providers, Temporal, receivers, its own answers.

Each is wrapped from outside, in a process under test only, and each has two sides: before, and after.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from functools import partial
from types import FrameType
from typing import Any

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction
from temporalio import activity
from temporalio.bridge.worker import Worker as BridgeWorker
from temporalio.service import _BridgeServiceClient
from temporalio.worker import Worker

from payments.manual_mock import ManualMock
from payments.sandbox import Sandbox
from tests.crash_points.points import ROOT, Points
from upkeep.events.sending import EventSender
from workflows.options import PROVIDER_CALL

CALLERS = ("activities", "api", "cli", "db", "upkeep", "worker")
PLUMBING = frozenset({"db/database.py", "db/sql_spans.py", "worker/interceptors.py", "worker/tracing.py"})
"""What is around every step: it says nothing of which one it is."""

PROVIDER_CALLS = ("describe_method", "charge", "find_charge", "cancel_charge", "refund", "find_refund")
UNWATCHED = frozenset({"/healthz", "/readyz", "/metrics"})
AUTOCOMMIT = "AUTOCOMMIT"

SENT_SECONDS = 0.05
"""What was written has left by then, also from a busy machine."""

SOON = timedelta(seconds=3)
"""How long a call of the provider may take (in production 15 s), and how long Temporal keeps a task for a
worker that is gone (10 s): a run waits for as long as that, each time."""


class Seams:
    def __init__(self, points: Points, process: str) -> None:
        self._points = points
        self._process = process

    def before(self, what: str) -> None:
        self._points.pass_by(f"{self._process} before {what}")

    def after(self, what: str) -> None:
        self._points.pass_by(f"{self._process} after {what}")

    async def around(self, what: str, call: Any, *arguments: Any, **options: Any) -> Any:
        self.before(what)
        result = await call(*arguments, **options)
        self.after(what)
        return result


def install(points: Points, process: str) -> None:
    """Everything that this process calls afterwards goes through a seam."""
    seams = Seams(points, process)
    _commits(seams)
    _providers(seams)
    _temporal(seams)
    _completions(seams)
    _receivers(seams)
    _answers(seams)
    _be_impatient()


def _commits(seams: Seams) -> None:
    """Of a transaction, and of each statement that writes without one."""
    leave, execute = AsyncTransaction.__aexit__, AsyncConnection.execute

    async def commit(self: AsyncTransaction, kind: Any, error: Any, trace: Any) -> None:
        if error is not None or self.nested:
            await leave(self, kind, error, trace)
        else:
            await seams.around(f"commit in {caller()}", leave, self, kind, error, trace)

    async def write(self: AsyncConnection, statement: Any, *arguments: Any, **options: Any) -> Any:
        if not (getattr(statement, "is_dml", False) and await _commits_itself(self)):
            return await execute(self, statement, *arguments, **options)
        return await seams.around(f"write in {caller()}", execute, self, statement, *arguments, **options)

    _replace(AsyncTransaction, "__aexit__", commit)
    _replace(AsyncConnection, "execute", write)


async def _commits_itself(connection: AsyncConnection) -> bool:
    return (await connection.get_execution_options()).get("isolation_level") == AUTOCOMMIT  # type: ignore[misc]


def _providers(seams: Seams) -> None:
    for adapter in (Sandbox, ManualMock):
        for name in PROVIDER_CALLS:
            call = getattr(adapter, name)
            what = f"{name} of {adapter.__name__}"
            _replace(adapter, name, partial(_called, seams, what, call))
        _replace(adapter, "list_charges", partial(_listed, seams, adapter.__name__, adapter.list_charges))


def _called(seams: Seams, what: str, call: Any, *arguments: Any) -> Any:
    return seams.around(f"{what} in {caller()}", call, *arguments)


async def _listed(seams: Seams, adapter: str, call: Any, *arguments: Any) -> AsyncIterator[Any]:
    what = f"list_charges of {adapter} in {caller()}"
    seams.before(what)
    async for charge in call(*arguments):
        yield charge
    seams.after(what)


def _temporal(seams: Seams) -> None:
    """Every call of the client, the skipping of time among them."""
    send = _BridgeServiceClient._rpc_call

    async def call(self: _BridgeServiceClient, rpc: str, *arguments: Any, **options: Any) -> Any:
        return await seams.around(f"{rpc} in {caller()}", send, self, rpc, *arguments, **options)

    _replace(_BridgeServiceClient, "_rpc_call", call)


def _completions(seams: Seams) -> None:
    """What a worker tells Temporal: the result of an activity, and what a workflow orders next."""
    end_activity, end_task = BridgeWorker.complete_activity_task, BridgeWorker.complete_workflow_activation

    async def complete_activity(self: BridgeWorker, completion: Any) -> None:
        what = f"completion of {activity.info().activity_type}" if activity.in_activity() else "completion"
        await seams.around(what, end_activity, self, completion)

    async def complete_task(self: BridgeWorker, completion: Any) -> Any:
        ordered = [_ordered(command) for command in completion.successful.commands]
        if not ordered:
            return await end_task(self, completion)
        return await seams.around(f"workflow task: {', '.join(ordered)}", end_task, self, completion)

    _replace(BridgeWorker, "complete_activity_task", complete_activity)
    _replace(BridgeWorker, "complete_workflow_activation", complete_task)


def _ordered(command: Any) -> str:
    name: str = command.WhichOneof("variant")
    return command.schedule_activity.activity_type if name == "schedule_activity" else name


def _receivers(seams: Seams) -> None:
    _replace(EventSender, "send", partial(_called, seams, "event to its receiver", EventSender.send))


def _answers(seams: Seams) -> None:
    """Of the API, webhooks among them: before the first byte, and when the last has left."""
    answer = FastAPI.__call__

    async def call(self: FastAPI, scope: Any, receive: Any, send: Any) -> None:
        def what() -> str:
            route = scope.get("route")
            return f"answer to {scope['method']} {route.path if route else 'nothing that there is'}"

        async def tell(message: Any) -> None:
            if message["type"] == "http.response.start":
                seams.before(what())
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                asyncio.get_running_loop().call_later(SENT_SECONDS, seams.after, what())

        is_watched = scope["type"] == "http" and scope["path"] not in UNWATCHED
        await answer(self, scope, receive, tell if is_watched else send)

    _replace(FastAPI, "__call__", call)


def _be_impatient() -> None:
    PROVIDER_CALL["start_to_close_timeout"] = SOON
    begin = Worker.__init__

    def init(self: Worker, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options | {"sticky_queue_schedule_to_start_timeout": SOON})

    _replace(Worker, "__init__", init)


def _replace(owner: type, name: str, by: Any) -> None:
    if isinstance(by, partial):
        by = _as_method(by)
    setattr(owner, name, by)


def _as_method(call: Any) -> Any:
    """A partial is not bound to what it is called on; a function is."""
    return lambda *arguments, **options: call(*arguments, **options)


def caller() -> str:
    """The function of the product that is nearest, and the activity that it works for."""
    where = next(filter(None, map(_place, _frames())), "nobody")
    return f"{where} ({activity.info().activity_type})" if activity.in_activity() else where


def _frames() -> Iterator[FrameType]:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        yield frame
        frame = frame.f_back


def _place(frame: FrameType) -> str | None:
    """Where in the product it is, if it is there."""
    code = frame.f_code
    path = code.co_filename.removeprefix(f"{ROOT}/")
    is_ours = path != code.co_filename and path.partition("/")[0] in CALLERS and path not in PLUMBING
    return f"{path}:{code.co_qualname}" if is_ours else None
