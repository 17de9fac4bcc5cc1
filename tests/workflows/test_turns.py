"""For which trace a workflow acts at each of its turns: without an engine, by callers of our own."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.converter import PayloadConverter
from temporalio.worker import WorkflowInboundInterceptor, WorkflowOutboundInterceptor

from activities.contracts import SettlePayment
from domain.trace_context import HEADER, TraceContext, derived_span_id, derived_trace_id
from tests.domain.states import STARTED_AT
from workflows import turns
from workflows.messages import PaymentReported
from workflows.turns import IS_SAMPLED, RECORD, Turns, trace_id_of_turn

RUN, WORKFLOW = "run-1", "subscription:11:key"
STARTED = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", is_sampled=True)
SENT = TraceContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", is_sampled=True)
UNSAMPLED = TraceContext(SENT.trace_id, SENT.span_id, is_sampled=False)

Says = Callable[[], Awaitable[Any]]


def child(parent: TraceContext, what: str, message: str) -> TraceContext:
    return TraceContext(
        parent.trace_id, derived_span_id(what, RUN, parent.span_id, message), parent.is_sampled
    )


def woken_in(turn: int, *, is_sampled: bool = True) -> TraceContext:
    parts = ("woken", WORKFLOW, RUN, str(turn))
    return TraceContext(derived_trace_id(*parts), derived_span_id(*parts), is_sampled)


def header(context: TraceContext | None) -> dict[str, Any]:
    return {} if context is None else {HEADER: PayloadConverter.default.to_payload(context.traceparent)}


@dataclass
class Orders(WorkflowOutboundInterceptor):
    """What goes out, and for which trace."""

    given: list[tuple[str, str | None]] = field(default_factory=list)
    done: list["asyncio.Future[None]"] = field(default_factory=list)

    def _note(self, kind: str, order: Any) -> None:
        payload = order.headers.get(HEADER)
        self.given.append((kind, payload and PayloadConverter.default.from_payload(payload, str)))

    def start_activity(self, input: Any) -> Any:  # noqa: A002 - the SDK's name
        self._note("activity", input)
        self.done.append(asyncio.get_running_loop().create_future())
        return self.done[-1]

    async def start_child_workflow(self, input: Any) -> Any:  # noqa: A002 - the SDK's name
        self._note("child", input)

    async def signal_child_workflow(self, input: Any) -> None:  # noqa: A002 - the SDK's name
        self._note("signal to a child", input)

    async def signal_external_workflow(self, input: Any) -> None:  # noqa: A002 - the SDK's name
        self._note("signal", input)

    def continue_as_new(self, input: Any) -> Any:  # noqa: A002 - the SDK's name
        self._note("next run", input)


@dataclass
class Code(WorkflowInboundInterceptor):
    """The workflow itself: does what the test says."""

    does: Says | None = None
    outbound: Any = None

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        self.outbound = outbound

    async def execute_workflow(self, _input: Any) -> Any:
        return await self.does() if self.does else None

    async def handle_signal(self, _input: Any) -> None:
        if self.does:
            await self.does()

    async def handle_update_handler(self, _input: Any) -> Any:
        return await self.does() if self.does else None


@dataclass
class Life:
    """One run of a workflow, turn by turn. In the place of `temporalio.workflow`."""

    turn: int = 3
    nanoseconds: int = 1_000
    continued_run_id: str | None = None
    is_replay: bool = False
    is_sampled: bool = True
    lends: bool = True
    spans: list[dict[str, Any]] = field(default_factory=list)
    code: Code = field(default_factory=Code)
    orders: Orders = field(default_factory=Orders)

    def __post_init__(self) -> None:
        self.turns = Turns(self.code)
        self.turns.init(self.orders)

    @property
    def unsafe(self) -> Any:
        return SimpleNamespace(is_replaying=lambda: self.is_replay)

    def info(self) -> Any:
        return SimpleNamespace(
            workflow_id=WORKFLOW,
            run_id=RUN,
            workflow_type="Subscription",
            continued_run_id=self.continued_run_id,
            get_current_history_length=lambda: self.turn,
        )

    def time_ns(self) -> int:
        return self.nanoseconds

    def payload_converter(self) -> PayloadConverter:
        return PayloadConverter.default

    def extern_functions(self) -> dict[str, Any]:
        lent = {RECORD: lambda **span: self.spans.append(span), IS_SAMPLED: lambda _trace: self.is_sampled}
        return lent if self.lends else {}

    async def runs(self, does: Says, by: TraceContext | None = STARTED) -> Any:
        self.code.does = does
        return await self.turns.execute_workflow(SimpleNamespace(headers=header(by)))  # type: ignore[arg-type]  # all that is read of it

    async def hears_signal(
        self, name: str, *arguments: object, by: TraceContext | None = SENT, does: Says | None = None
    ) -> None:
        self.code.does = does
        signal: Any = SimpleNamespace(signal=name, args=arguments, headers=header(by))
        await asyncio.create_task(self.turns.handle_signal(signal))  # as the engine does

    async def hears_update(self, does: Says, by: TraceContext | None = SENT) -> Any:
        self.code.does = does
        update: Any = SimpleNamespace(id="update-1", update="cancel", args=(), headers=header(by))
        return await asyncio.create_task(self.turns.handle_update_handler(update))

    def activity(self, *arguments: object) -> None:
        self.code.outbound.start_activity(SimpleNamespace(args=arguments, headers={}))


@pytest.fixture
def life(monkeypatch: pytest.MonkeyPatch) -> Life:
    life = Life()
    monkeypatch.setattr(turns, "workflow", life)
    return life


def span(
    name: str,
    of: TraceContext,
    *,
    parent: TraceContext | None = None,
    link: TraceContext | None = None,
    took: int = 0,
    error: Exception | None = None,
) -> dict[str, Any]:
    return {
        "name": name,
        "span": of,
        "parent": parent,
        "link": link,
        "nanoseconds": took,
        "run_id": RUN,
        "error": error,
    }


WOKEN = "Subscription due"


async def trace() -> str | None:
    return trace_id_of_turn()


async def test_outside_of_workflows_nothing_is_acted_for() -> None:
    assert trace_id_of_turn() is None


async def test_what_is_ordered_outside_of_loop_and_handlers_was_woken(life: Life) -> None:
    life.activity("anything")

    assert life.orders.given == [("activity", woken_in(3).traceparent)]


async def test_a_run_acts_for_who_started_it_until_its_turn_is_over(life: Life) -> None:
    async def acts() -> list[str | None]:
        first = [trace_id_of_turn(), trace_id_of_turn()]
        life.turn = 8
        return [*first, trace_id_of_turn(), trace_id_of_turn()]

    woken = woken_in(8)
    assert await life.runs(acts) == [STARTED.trace_id, STARTED.trace_id, woken.trace_id, woken.trace_id]
    assert life.spans == [
        span("Subscription", child(STARTED, "run", ""), parent=STARTED),
        span(WOKEN, woken, link=STARTED),
    ]


async def test_a_run_that_nobody_traced_acts_for_nobody_and_then_for_itself(life: Life) -> None:
    async def acts() -> list[str | None]:
        first = trace_id_of_turn()
        life.turn = 8
        return [first, trace_id_of_turn()]

    assert await life.runs(acts, by=None) == [None, woken_in(8).trace_id]
    assert life.spans == [span(WOKEN, woken_in(8))]


async def test_the_next_run_was_woken_and_its_end_hands_the_start_on(life: Life) -> None:
    life.continued_run_id = "run-0"

    async def gives_way() -> str | None:
        acted_for = trace_id_of_turn()
        life.code.outbound.continue_as_new(SimpleNamespace(headers={}))
        return acted_for

    assert await life.runs(gives_way) == woken_in(3).trace_id
    assert life.spans == [span(WOKEN, woken_in(3), link=STARTED)]
    assert life.orders.given == [("next run", STARTED.traceparent)]


async def test_an_update_that_started_it_comes_before_the_run(life: Life) -> None:
    await life.hears_update(trace)

    assert await life.runs(trace) == SENT.trace_id
    assert [recorded["name"] for recorded in life.spans] == ["Subscription cancel"]


async def test_a_signal_is_a_span_by_what_it_brings_and_so_is_what_the_loop_does_for_it(life: Life) -> None:
    seen = []

    async def handles() -> None:
        seen.append(trace_id_of_turn())

    async def waits() -> None:
        life.turn = 8
        await life.hears_signal("superseded", "this", by=SENT, does=handles)
        seen.append(trace_id_of_turn())

    await life.runs(waits)

    own = child(SENT, "signal superseded", repr(("this",)))
    assert seen == [SENT.trace_id, SENT.trace_id]
    assert life.spans[1:] == [span("Subscription superseded", own, parent=SENT)]


async def test_a_report_is_settled_once_for_the_signal_that_brought_it(life: Life) -> None:
    async def settles() -> None:
        for report_id in (1, 2):
            sender = TraceContext(f"{report_id:032}", SENT.span_id, is_sampled=True)
            await life.hears_signal("payment_reported", PaymentReported(report_id), by=sender)
        await life.hears_signal("payment_reported", PaymentReported(3), by=None)
        await life.hears_signal("payment_reported", PaymentReported(1), by=SENT)  # told twice
        life.turn = 8
        for report_id in (1, 2, 3, 1):
            life.activity(SettlePayment(report_id, STARTED_AT))

    await life.runs(settles)

    woken = woken_in(8).trace_id
    assert [(kind, told and told.split("-")[1]) for kind, told in life.orders.given] == [
        ("activity", f"{1:032}"),
        ("activity", f"{2:032}"),
        ("activity", woken),
        ("activity", woken),
    ]


async def test_an_update_is_a_span_for_as_long_as_it_took(life: Life) -> None:
    async def takes() -> str:
        life.nanoseconds += 250
        life.turn = 8
        life.activity("anything")
        return "done"

    assert await life.hears_update(takes) == "done"

    own = child(SENT, "update cancel", "update-1")
    assert life.spans == [span("Subscription cancel", own, parent=SENT, took=250)]
    assert life.orders.given == [("activity", own.traceparent)]


async def test_an_update_that_fails_says_so(life: Life) -> None:
    error = ValueError("no")

    async def fails() -> None:
        raise error

    with pytest.raises(ValueError, match="no"):
        await life.hears_update(fails)

    own = child(SENT, "update cancel", "update-1")
    assert life.spans == [span("Subscription cancel", own, parent=SENT, error=error)]


async def test_after_a_step_the_loop_acts_for_whom_the_step_was_done(life: Life) -> None:
    async def steps() -> list[str | None]:
        life.activity("first")
        life.turn = 8
        life.orders.done[0].set_result(None)
        await asyncio.sleep(0)
        after = trace_id_of_turn()
        life.turn = 9
        return [after, trace_id_of_turn()]

    assert await life.runs(steps) == [STARTED.trace_id, woken_in(9).trace_id]


async def test_all_that_goes_out_carries_the_trace(life: Life) -> None:
    acted_for = []

    async def orders() -> None:
        to: Any = life.code.outbound
        for send in (to.start_child_workflow, to.signal_child_workflow, to.signal_external_workflow):
            await send(SimpleNamespace(headers={}))
            life.turn += 1
            acted_for.append(trace_id_of_turn())

    await life.runs(orders)

    assert life.orders.given == [
        ("child", child(STARTED, "run", "").traceparent),
        ("signal to a child", woken_in(4).traceparent),
        ("signal", woken_in(5).traceparent),
    ]
    assert acted_for == [woken_in(turn).trace_id for turn in (4, 5, 6)]


async def test_once_it_has_come_back_the_loop_goes_on_for_the_same(life: Life) -> None:
    """The next turn has begun when a child has started, or a signal was taken."""
    acted_for = []

    async def later(_input: Any) -> None:
        life.turn += 1

    life.orders.start_child_workflow = later  # type: ignore[assignment, method-assign]  # of this one alone
    life.orders.signal_external_workflow = later  # type: ignore[assignment, method-assign]  # of this one alone

    async def orders() -> None:
        to: Any = life.code.outbound
        for send in (to.start_child_workflow, to.signal_external_workflow):
            await send(SimpleNamespace(headers={}))
            acted_for.append(trace_id_of_turn())

    await life.runs(orders)

    assert acted_for == [STARTED.trace_id, STARTED.trace_id]


@pytest.mark.parametrize(
    "untold",
    [{"is_replay": True}, {"lends": False}],
    ids=["replayed", "by a worker that records nothing"],
)
async def test_what_is_not_recorded_is_still_acted_for(life: Life, untold: dict[str, bool]) -> None:
    life.is_replay = untold.get("is_replay", False)
    life.lends = untold.get("lends", True)

    assert await life.hears_update(trace) == SENT.trace_id
    assert life.spans == []


async def test_an_unsampled_trace_stays_unsampled(life: Life) -> None:
    async def acts() -> None:
        life.activity("anything")

    await life.hears_update(acts, by=UNSAMPLED)

    own = child(UNSAMPLED, "update cancel", "update-1")
    assert (life.spans, life.orders.given) == ([], [("activity", own.traceparent)])


@pytest.mark.parametrize("lends", [True, False])
async def test_whether_what_wakes_itself_is_sampled_is_asked(life: Life, *, lends: bool) -> None:
    life.is_sampled, life.lends, life.continued_run_id = False, lends, "run-0"

    async def acts() -> None:
        life.activity("anything")

    await life.runs(acts)

    own = woken_in(3, is_sampled=False)
    assert (life.spans, life.orders.given) == ([], [("activity", own.traceparent)])


async def test_a_message_that_nobody_traced_is_acted_on_for_nobody(life: Life) -> None:
    async def acts() -> str | None:
        life.activity("anything")
        return trace_id_of_turn()

    assert await life.hears_update(acts, by=None) is None
    assert (life.spans, life.orders.given) == ([], [("activity", None)])
