"""Records spans with OpenTelemetry. Imported only where tracing is on: the library is an optional extra."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import time_ns
from typing import Unpack

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from domain.trace_context import TraceContext
from ops.refused_errors import is_refusal
from ops.spans import NOTHING, Attributes, Kind, Past, Span

_KINDS: dict[Kind, SpanKind] = {
    "internal": SpanKind.INTERNAL,
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "producer": SpanKind.PRODUCER,
    "consumer": SpanKind.CONSUMER,
}
_SEMANTIC_NAMES = {
    "method": "http.request.method",
    "route": "http.route",
    "status_code": "http.response.status_code",
    "sql": "db.query.summary",
    "run_id": "temporal.run_id",
}
_OURS = "billing."

_next_ids: ContextVar[TraceContext | None] = ContextVar("next_ids", default=None)


class DerivedIds(RandomIdGenerator):
    """Random ids, unless the span that is being made has its ids already."""

    def generate_span_id(self) -> int:
        wanted = _next_ids.get()
        return int(wanted.span_id, 16) if wanted else super().generate_span_id()

    def generate_trace_id(self) -> int:
        wanted = _next_ids.get()
        return int(wanted.trace_id, 16) if wanted else super().generate_trace_id()


class OpenTelemetryRecorder:
    def __init__(self, provider: TracerProvider) -> None:
        """`provider` is to make ids by `DerivedIds`."""
        self._tracer = provider.get_tracer("italiano-billing")
        self._sampler = provider.sampler

    def current(self) -> TraceContext | None:
        return _ours(trace.get_current_span().get_span_context())

    def annotate(self, attributes: Attributes) -> None:
        _OpenSpan(trace.get_current_span()).say(**attributes)

    def is_sampled(self, trace_id: str) -> bool:
        result = self._sampler.should_sample(Context(), int(trace_id, 16), "")
        return result.decision is Decision.RECORD_AND_SAMPLE

    @contextmanager
    def span(
        self, name: str, kind: Kind, parent: TraceContext | None, attributes: Attributes
    ) -> Iterator[Span]:
        within = _within(parent) if parent else None
        if within is None and self.current() is None:
            yield NOTHING
            return
        with self._open(name, kind, within, attributes) as opened:
            yield opened

    @contextmanager
    def root(self, name: str, kind: Kind, trace_id: str | None, attributes: Attributes) -> Iterator[Span]:
        ids = None if trace_id is None else TraceContext(trace_id, secrets.token_hex(8), is_sampled=True)
        with self._open(name, kind, Context(), attributes, ids) as opened:
            yield opened

    @contextmanager
    def _open(
        self,
        name: str,
        kind: Kind,
        within: Context | None,
        attributes: Attributes,
        ids: TraceContext | None = None,
    ) -> Iterator[Span]:
        with _having(ids):
            span = self._tracer.start_span(name, within, _KINDS[kind], _attributes(attributes))
        opened = _OpenSpan(span)
        # What an error says may hold what a person wrote: its type has to do.
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield opened
            except Exception as error:
                if is_refusal(error):
                    opened.say(outcome="refused")
                else:
                    opened.failed(type(error).__name__)
                raise

    def past(self, past: Past, attributes: Attributes) -> None:
        over_at = time_ns()
        within = _within(past.parent) if past.parent else Context() if past.own else None
        links = [trace.Link(_theirs(past.link))] if past.link else None
        started_at = over_at - past.nanoseconds
        with _having(past.own):
            span = self._tracer.start_span(
                past.name, within, _KINDS[past.kind], _attributes(attributes), links, started_at
            )
        if past.error_type is not None:
            _OpenSpan(span).failed(past.error_type)
        span.end(over_at)


class _OpenSpan:
    def __init__(self, span: trace.Span) -> None:
        self._span = span

    @property
    def context(self) -> TraceContext | None:
        return _ours(self._span.get_span_context())

    def name(self, name: str) -> None:
        self._span.update_name(name)

    def say(self, **attributes: Unpack[Attributes]) -> None:
        self._span.set_attributes(_attributes(attributes))

    def failed(self, error_type: str) -> None:
        self._span.set_attribute("error.type", error_type)
        self._span.set_status(Status(StatusCode.ERROR))


def _attributes(attributes: Attributes) -> dict[str, str | int]:
    told: dict[str, str | int] = {}
    for name, value in attributes.items():
        if isinstance(value, str | int):
            told[_SEMANTIC_NAMES.get(name, _OURS + name)] = value
    return told


@contextmanager
def _having(ids: TraceContext | None) -> Iterator[None]:
    """The span that is made meanwhile gets these."""
    token = _next_ids.set(ids)
    try:
        yield
    finally:
        _next_ids.reset(token)


def _within(parent: TraceContext) -> Context:
    return trace.set_span_in_context(NonRecordingSpan(_theirs(parent)), Context())


def _theirs(context: TraceContext) -> SpanContext:
    flags = TraceFlags(TraceFlags.SAMPLED if context.is_sampled else TraceFlags.DEFAULT)
    return SpanContext(int(context.trace_id, 16), int(context.span_id, 16), is_remote=True, trace_flags=flags)


def _ours(context: SpanContext) -> TraceContext | None:
    if not context.is_valid:
        return None
    return TraceContext(f"{context.trace_id:032x}", f"{context.span_id:016x}", context.trace_flags.sampled)
