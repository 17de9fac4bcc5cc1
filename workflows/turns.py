"""Which trace a workflow acts for, at each of its turns. Runs inside of workflows, where messages arrive.

A message acts for the trace that sent it, and so does what the loop does in the same turn, and after the
steps of that. What a timer wakes acts for a trace of its own, linked to the one that started the workflow.
All of it comes from the history alone: ids are derived, no command is added, and in a replay nothing is
recorded.

A turn is one task of the workflow; the history's length numbers it.
"""

from asyncio import Future
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NoReturn

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.worker import (
    ContinueAsNewInput,
    ExecuteWorkflowInput,
    HandleSignalInput,
    HandleUpdateInput,
    SignalChildWorkflowInput,
    SignalExternalWorkflowInput,
    StartActivityInput,
    StartChildWorkflowInput,
    WorkflowInboundInterceptor,
    WorkflowOutboundInterceptor,
)

from activities.contracts import SettlePayment
from domain.trace_context import HEADER, TraceContext, derived_span_id, derived_trace_id
from workflows.messages import PaymentReported

RECORD = "italiano_record_span"
IS_SAMPLED = "italiano_is_sampled"
"""What the worker lends to workflows: functions outside of the sandbox, for what no history depends on."""

Headers = Mapping[str, Payload]


@dataclass(frozen=True)
class _Here:
    """Where the running task is: in the handler of a message, or in the loop."""

    turns: "Turns"
    handles: TraceContext | None = None


_here: ContextVar[_Here | None] = ContextVar("here", default=None)


def trace_id_of_turn() -> str | None:
    """Which trace is acted for just now; `None` where no trace came with what is acted on."""
    here = _here.get()
    context = here and here.turns.acting_for(here.handles)
    return context.trace_id if context else None


class Turns(WorkflowInboundInterceptor):
    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        self._started_by: TraceContext | None = None
        self._reported_by: dict[int, TraceContext] = {}
        self._turn = 0
        self._acted_for: TraceContext | None = None
        super().init(_Outbound(outbound, self))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002 - the SDK's name
        self._started_by = context_in(input.headers)
        is_first_run = workflow.info().continued_run_id is None
        if is_first_run and self._turn != _turn_number():  # an update that started it comes before it
            self.hear(self._child_of(self._started_by, "run", ""))
            self._record(workflow.info().workflow_type, self._acted_for, parent=self._started_by)
        _here.set(_Here(self))
        return await super().execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:  # noqa: A002 - the SDK's name
        sent_by = context_in(input.headers)
        # Two of a name in one turn differ by what they bring.
        own = self._child_of(sent_by, f"signal {input.signal}", repr(input.args))
        self.hear(own)
        self._record(_named(input.signal), own, parent=sent_by)
        for argument in input.args:
            if own is not None and isinstance(argument, PaymentReported):
                self._reported_by.setdefault(argument.report_id, own)
        _here.set(_Here(self, own))
        await super().handle_signal(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:  # noqa: A002 - the SDK's name
        sent_by, began_at = context_in(input.headers), workflow.time_ns()
        own = self._child_of(sent_by, f"update {input.update}", input.id)
        self.hear(own)
        _here.set(_Here(self, own))
        try:
            answer = await super().handle_update_handler(input)
        except Exception as error:
            self._record(_named(input.update), own, parent=sent_by, began_at=began_at, error=error)
            raise
        # Not in a `finally`: a workflow that is evicted from the cache unwinds, too.
        self._record(_named(input.update), own, parent=sent_by, began_at=began_at)
        return answer

    def hear(self, context: TraceContext | None) -> None:
        """From here on the loop acts for it, until the turn is over."""
        self._turn, self._acted_for = _turn_number(), context

    def acting_for(self, handles: TraceContext | None) -> TraceContext | None:
        if handles is not None:
            return handles
        if self._turn != _turn_number():  # nobody said anything: a timer did
            self.hear(self._woken())
        return self._acted_for

    def acting_on(self, arguments: tuple[Any, ...]) -> TraceContext | None:
        """For whom an activity is done: a report is settled for the signal that brought it."""
        for argument in arguments:
            if isinstance(argument, SettlePayment) and argument.report_id in self._reported_by:
                return self._reported_by.pop(argument.report_id)
        here = _here.get()
        return self.acting_for(here.handles if here else None)

    def with_start(self, headers: Headers) -> Headers:
        """For the next run of the workflow, which is started by nobody else."""
        return with_context(headers, self._started_by)

    def _woken(self) -> TraceContext:
        info = workflow.info()
        parts = (info.workflow_id, info.run_id, str(_turn_number()))
        trace_id = derived_trace_id("woken", *parts)
        context = TraceContext(trace_id, derived_span_id("woken", *parts), _is_sampled(trace_id))
        self._record(f"{info.workflow_type} due", context, link=self._started_by)
        return context

    def _child_of(self, parent: TraceContext | None, what: str, message_id: str) -> TraceContext | None:
        if parent is None:
            return None
        span_id = derived_span_id(what, workflow.info().run_id, parent.span_id, message_id)
        return TraceContext(parent.trace_id, span_id, parent.is_sampled)

    def _record(
        self,
        name: str,
        span: TraceContext | None,
        *,
        parent: TraceContext | None = None,
        link: TraceContext | None = None,
        began_at: int | None = None,
        error: Exception | None = None,
    ) -> None:
        record = workflow.extern_functions().get(RECORD)
        if record is None or span is None or not span.is_sampled or workflow.unsafe.is_replaying():
            return
        took = 0 if began_at is None else workflow.time_ns() - began_at
        record(
            name=name,
            span=span,
            parent=parent,
            link=link,
            nanoseconds=took,
            run_id=workflow.info().run_id,
            error=error,
        )


class _Outbound(WorkflowOutboundInterceptor):
    def __init__(self, next: WorkflowOutboundInterceptor, turns: Turns) -> None:  # noqa: A002 - the SDK's name
        super().__init__(next)
        self._turns = turns

    def start_activity(self, input: StartActivityInput) -> workflow.ActivityHandle[Any]:  # noqa: A002 - the SDK's name
        context = self._turns.acting_on(tuple(input.args))
        input.headers = with_context(input.headers, context)
        handle = super().start_activity(input)

        def goes_on(_done: Future[Any]) -> None:
            self._turns.hear(context)

        handle.add_done_callback(goes_on)
        return handle

    async def start_child_workflow(
        self,
        input: StartChildWorkflowInput,  # noqa: A002 - the SDK's name
    ) -> workflow.ChildWorkflowHandle[Any, Any]:
        context = self._turns.acting_on(())
        input.headers = with_context(input.headers, context)
        handle = await super().start_child_workflow(input)
        self._turns.hear(context)
        return handle

    async def signal_child_workflow(self, input: SignalChildWorkflowInput) -> None:  # noqa: A002 - the SDK's name
        input.headers = with_context(input.headers, self._turns.acting_on(()))
        await super().signal_child_workflow(input)

    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:  # noqa: A002 - the SDK's name
        context = self._turns.acting_on(())
        input.headers = with_context(input.headers, context)
        await super().signal_external_workflow(input)
        self._turns.hear(context)

    def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:  # noqa: A002 - the SDK's name
        input.headers = self._turns.with_start(input.headers)
        super().continue_as_new(input)


def context_in(headers: Headers) -> TraceContext | None:
    payload = headers.get(HEADER)
    if payload is None:
        return None
    traceparent: str = workflow.payload_converter().from_payload(payload, str)
    return TraceContext.parse(traceparent)


def with_context(headers: Headers, context: TraceContext | None) -> Headers:
    if context is None:
        return headers
    return {**headers, HEADER: workflow.payload_converter().to_payload(context.traceparent)}


def _named(message: str) -> str:
    return f"{workflow.info().workflow_type} {message}"


def _turn_number() -> int:
    return workflow.info().get_current_history_length()


def _is_sampled(trace_id: str) -> bool:
    asks = workflow.extern_functions().get(IS_SAMPLED)
    return asks is not None and bool(asks(trace_id))
