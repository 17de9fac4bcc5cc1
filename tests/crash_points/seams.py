"""Where the product meets what keeps its promises: commits, providers, Temporal, receivers, its own answers.

Each is wrapped from outside, in a process under test only, and each has two sides: before, and after. What
takes long has a third one, during: what was asked for has left, and nobody has answered yet.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from types import FrameType
from typing import Any

from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncTransaction
from temporalio import activity
from temporalio.bridge.worker import Worker as BridgeWorker
from temporalio.service import _BridgeServiceClient
from temporalio.worker import Worker

from api.middleware.machines import ASKED_BY_MACHINES
from payments.manual_mock import ManualMock
from payments.sandbox import Sandbox
from tests.crash_points.points import ROOT, Points
from upkeep.events.sending import EventSender
from workflows.options import PROVIDER_CALL

CALLERS = ("activities", "api", "cli", "db", "upkeep", "worker")
PLUMBING = frozenset({"db/database.py", "db/sql_spans.py", "worker/interceptors.py", "worker/tracing.py"})
"""What is around every step: it says nothing of which one it is."""

PROVIDER_CALLS = ("describe_method", "charge", "find_charge", "cancel_charge", "refund", "find_refund")
AUTOCOMMIT = "AUTOCOMMIT"

TAKE_LONG = frozenset({"charge", "refund", "execute_multi_operation", "update_workflow_execution"})
"""A provider at work, and a workflow that somebody waits for."""

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

    def later(self, side: str, what: str) -> asyncio.TimerHandle | None:
        """None when nobody looks at this moment: what began before a story is none of its points."""
        if not self._points.are_watched:
            return None
        name = f"{self._process} {side} {what}"
        return asyncio.get_running_loop().call_later(SENT_SECONDS, self._points.pass_by, name)

    async def around(self, what: str, call: Any, *arguments: Any, **options: Any) -> Any:
        self.before(what)
        result = await call(*arguments, **options)
        self.after(what)
        return result

    async def around_long(self, what: str, call: Any, *arguments: Any, **options: Any) -> Any:
        self.before(what)
        is_on_its_way = self.later("during", what)
        result = await call(*arguments, **options)
        if is_on_its_way is not None and is_on_its_way.when() > asyncio.get_running_loop().time():
            is_on_its_way.cancel()
            self._points.pass_by(f"{self._process} during {what}")
        self.after(what)
        return result

    def around_call(self, call: str) -> Any:
        return self.around_long if call in TAKE_LONG else self.around


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
        if not (getattr(statement, "is_dml", False) and _commits_itself(self)):
            return await execute(self, statement, *arguments, **options)
        return await seams.around(f"write in {caller()}", execute, self, statement, *arguments, **options)

    _replace(AsyncTransaction, "__aexit__", commit)
    _replace(AsyncConnection, "execute", write)


def _commits_itself(connection: AsyncConnection) -> bool:
    sync = connection.sync_connection
    return sync is not None and sync.get_execution_options().get("isolation_level") == AUTOCOMMIT


def _providers(seams: Seams) -> None:
    for adapter in (Sandbox, ManualMock):
        for name in PROVIDER_CALLS:
            what = f"{name} of {adapter.__name__}"
            _replace(adapter, name, _seamed(seams.around_call(name), what, getattr(adapter, name)))
        what = f"list_charges of {adapter.__name__}"
        _replace(adapter, "list_charges", _seamed_listing(seams, what, adapter.list_charges))


def _seamed(around: Any, what: str, call: Any) -> Any:
    async def seamed(*arguments: Any) -> Any:
        return await around(f"{what} in {caller()}", call, *arguments)

    return seamed


def _seamed_listing(seams: Seams, what: str, listed: Any) -> Any:
    async def seamed(*arguments: Any) -> AsyncIterator[Any]:
        name = f"{what} in {caller()}"
        seams.before(name)
        async for charge in listed(*arguments):
            yield charge
        seams.after(name)

    return seamed


def _temporal(seams: Seams) -> None:
    """Every call of the client, the skipping of time among them."""
    send = _BridgeServiceClient._rpc_call

    async def call(self: _BridgeServiceClient, rpc: str, *arguments: Any, **options: Any) -> Any:
        around = seams.around_call(rpc)
        return await around(f"{rpc} in {caller()}", send, self, rpc, *arguments, **options)

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
    _replace(EventSender, "send", _seamed(seams.around, "event to its receiver", EventSender.send))


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
                seams.later("after", what())

        is_watched = scope["type"] == "http" and scope["path"] not in ASKED_BY_MACHINES
        await answer(self, scope, receive, tell if is_watched else send)

    _replace(FastAPI, "__call__", call)


def _be_impatient() -> None:
    PROVIDER_CALL["start_to_close_timeout"] = SOON
    begin = Worker.__init__

    def init(self: Worker, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options | {"sticky_queue_schedule_to_start_timeout": SOON})

    _replace(Worker, "__init__", init)


def _replace(owner: type, name: str, by: Any) -> None:
    setattr(owner, name, by)


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
    return f"{path}:{code.co_qualname}+{frame.f_lineno - code.co_firstlineno}" if is_ours else None
