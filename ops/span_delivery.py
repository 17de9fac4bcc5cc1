"""Spans on their way to the collector: in a thread of their own, a bounded number, in nobody's way.

Imported only where tracing is on: the library is an optional extra.
"""

import logging
import os
from collections.abc import Sequence
from threading import Lock, Thread

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from ops.span_recorder import DerivedIds, OpenTelemetryRecorder

MOST_WAITING = 2_048
"""OpenTelemetry's own number; `OTEL_BSP_MAX_QUEUE_SIZE` is another."""

log = structlog.get_logger(__name__)


class CountedDelivery(SpanProcessor):
    """A queue that is full takes no more: what is lost is counted, and told once an outage."""

    def __init__(self, exporter: SpanExporter, most_waiting: int) -> None:
        self._most_waiting = most_waiting
        self._lock = Lock()
        self._waiting = 0
        self._lost = 0
        self._queue = BatchSpanProcessor(_Counted(exporter, self), max_queue_size=most_waiting)

    @property
    def lost(self) -> int:
        """How many spans no collector has taken."""
        return self._lost

    def on_start(self, span: Span, parent_context: Context | None = None) -> None: ...

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is None or not span.context.trace_flags.sampled:
            return
        with self._lock:
            is_full = self._waiting >= self._most_waiting
            self._waiting += not is_full
            self._lost += is_full
        if not is_full:
            self._queue.on_end(span)

    def settle(self, count: int, *, is_taken: bool) -> int:
        """Notes what became of a batch; returns how many were lost by now."""
        with self._lock:
            self._waiting -= count
            self._lost += 0 if is_taken else count
            return self._lost

    def shutdown(self) -> None:
        self._queue.shutdown()  # type: ignore[no-untyped-call]  # the library's

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._queue.force_flush(timeout_millis)

    def close(self, seconds: float) -> None:
        """Sends what is waiting, and gives up after so long."""
        closing = Thread(target=self.shutdown, daemon=True)
        closing.start()
        closing.join(seconds)
        lost = self._lost + self._waiting
        if lost:
            log.warning("spans_lost", spans=lost)


class _Counted(SpanExporter):
    def __init__(self, exporter: SpanExporter, delivery: CountedDelivery) -> None:
        self._exporter = exporter
        self._delivery = delivery
        self._is_away = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = self._exporter.export(spans)
        except Exception as error:  # noqa: BLE001 - a fault of the exporter is a batch that was lost
            log.debug("span_exporter_failed", error=type(error).__name__)
            result = SpanExportResult.FAILURE
        is_taken = result is SpanExportResult.SUCCESS
        lost = self._delivery.settle(len(spans), is_taken=is_taken)
        if is_taken == self._is_away:
            self._is_away = not is_taken
            if self._is_away:
                log.warning("trace_collector_away", lost=lost)
            else:
                log.info("trace_collector_back", lost=lost)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


def open_delivery(service_name: str) -> tuple[OpenTelemetryRecorder, CountedDelivery]:
    """To the collector that `OTEL_*` names; a service name of theirs goes before ours."""
    # Its own words come once a batch for as long as a collector is away; ours come once.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    most_waiting = int(os.environ.get("OTEL_BSP_MAX_QUEUE_SIZE") or MOST_WAITING)
    delivery = CountedDelivery(OTLPSpanExporter(), most_waiting)
    resource = Resource({SERVICE_NAME: service_name}).merge(OTELResourceDetector().detect())
    provider = TracerProvider(resource=resource, id_generator=DerivedIds(), shutdown_on_exit=False)
    provider.add_span_processor(delivery)
    return OpenTelemetryRecorder(provider), delivery
