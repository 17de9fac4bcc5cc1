"""Spans: what was done, for how long, and for whom. Nothing is recorded until `ops/span_export.py` begins.

What a span may tell is listed in `Attributes`: ids of ours, outcomes and names from the code. Nothing that a
person wrote, no parameter, no address, no text of an error.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Literal, Protocol, TypedDict, Unpack

from domain.trace_context import TraceContext

Kind = Literal["internal", "server", "client", "producer", "consumer"]


class Attributes(TypedDict, total=False):
    """All that a span of ours may say. What is None is not said."""

    method: str
    route: str
    status_code: int
    subscription_id: int | None
    invoice_id: int
    payment_id: int
    report_id: int
    endpoint_id: int
    delivery_id: int
    run_id: str
    attempt: int
    outcome: str
    provider: str
    decline_code: str
    sql: str
    told_as_trace_id: str


@dataclass(frozen=True)
class Past:
    """A span that is recorded when it is over: it took so long, until now.

    `own` are the ids that it already had. Without them it gets some, as a part of the span that is open here.
    """

    name: str
    kind: Kind
    nanoseconds: int = 0
    own: TraceContext | None = None
    parent: TraceContext | None = None
    link: TraceContext | None = None
    error_type: str | None = None


class Span(Protocol):
    """One that is being recorded, or nothing. `context` is `None` for nothing."""

    @property
    def context(self) -> TraceContext | None: ...

    def name(self, name: str) -> None: ...

    def say(self, **attributes: Unpack[Attributes]) -> None: ...

    def failed(self, error_type: str) -> None:
        """`error_type` is a word or a class, never what the error says."""
        ...


class Recorder(Protocol):
    """What records spans, once tracing is on."""

    def current(self) -> TraceContext | None: ...

    def annotate(self, attributes: Attributes) -> None: ...

    def is_sampled(self, trace_id: str) -> bool: ...

    def span(
        self, name: str, kind: Kind, parent: TraceContext | None, attributes: Attributes
    ) -> AbstractContextManager[Span]: ...

    def root(
        self, name: str, kind: Kind, trace_id: str | None, attributes: Attributes
    ) -> AbstractContextManager[Span]: ...

    def past(self, past: "Past", attributes: Attributes) -> None: ...


class _Nothing:
    """A span while nothing is recorded."""

    context = None

    def name(self, name: str) -> None: ...

    def say(self, **attributes: Unpack[Attributes]) -> None: ...

    def failed(self, error_type: str) -> None: ...


NOTHING = _Nothing()
_recorder: Recorder | None = None


def record_with(recorder: Recorder | None) -> None:
    """From here on, in this process; `None` for no more."""
    global _recorder  # noqa: PLW0603 - a process records or it does not, like its logging
    _recorder = recorder


def current() -> TraceContext | None:
    """The span that is open here."""
    return None if _recorder is None else _recorder.current()


def annotate(**attributes: Unpack[Attributes]) -> None:
    """Adds to the span that is open here."""
    if _recorder is not None:
        _recorder.annotate(attributes)


def is_sampled(trace_id: str) -> bool:
    """Whether a trace that begins with this id is recorded. The same id is always answered the same."""
    return _recorder is not None and _recorder.is_sampled(trace_id)


@contextmanager
def span(
    name: str, kind: Kind, *, parent: TraceContext | None = None, **attributes: Unpack[Attributes]
) -> Iterator[Span]:
    """A part of the span that is open here, or of `parent`. Without either it is not recorded.

    So what the processes do by themselves all day, such as to look whether there is work, is no trace. An
    exception that is no refusal makes it failed.
    """
    if _recorder is None:
        yield NOTHING
        return
    with _recorder.span(name, kind, parent, attributes) as opened:
        yield opened


@contextmanager
def root(
    name: str, kind: Kind, *, trace_id: str | None = None, **attributes: Unpack[Attributes]
) -> Iterator[Span]:
    """The first of a trace: of a new one, or of one of which only the id is known here."""
    if _recorder is None:
        yield NOTHING
        return
    with _recorder.root(name, kind, trace_id, attributes) as opened:
        yield opened


def past(past: Past, **attributes: Unpack[Attributes]) -> None:
    """Records what is over just now."""
    if _recorder is not None:
        _recorder.past(past, attributes)
