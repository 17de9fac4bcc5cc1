"""Spans recorded in the test's own process, and kept."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from ops import spans
from ops.span_recorder import DerivedIds, OpenTelemetryRecorder


@contextmanager
def recording() -> Iterator[InMemorySpanExporter]:
    kept = InMemorySpanExporter()
    provider = TracerProvider(id_generator=DerivedIds(), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    spans.record_with(OpenTelemetryRecorder(provider))
    try:
        yield kept
    finally:
        spans.record_with(None)
