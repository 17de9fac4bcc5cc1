"""Spans as a process exports them by OTLP: protobuf over HTTP, each with the service that recorded it."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

MOST_BYTES = 64 * 1024 * 1024


class UnreadableExportError(Exception):
    """Not what an exporter sends."""


@dataclass(frozen=True)
class ReceivedSpan:
    """`linked` are the ids of traces that it goes back to."""

    service: str
    trace_id: str
    span_id: str
    parent_id: str
    name: str
    kind: str
    started_ns: int
    ended_ns: int
    is_failed: bool
    attributes: dict[str, str] = field(default_factory=dict)
    linked: tuple[str, ...] = ()


def read_export(body: bytes, encoding: str) -> tuple[ReceivedSpan, ...]:
    """Raises `UnreadableExportError`."""
    export = ExportTraceServiceRequest()
    try:
        export.ParseFromString(_unpacked(body, encoding))
    except Exception as error:  # protobuf's own class differs between its implementations
        raise UnreadableExportError(type(error).__name__) from error
    return tuple(_spans_in(export))


def _unpacked(body: bytes, encoding: str) -> bytes:
    """Within a bound: a few bytes may unpack to very many."""
    if encoding not in {"gzip", "deflate"}:
        return body
    wrapped = zlib.MAX_WBITS | 16 if encoding == "gzip" else zlib.MAX_WBITS
    unpacking = zlib.decompressobj(wrapped)
    unpacked = unpacking.decompress(body, MOST_BYTES)
    if unpacking.unconsumed_tail:
        raise ValueError("it unpacks to too much")
    return unpacked


def _spans_in(export: ExportTraceServiceRequest) -> Iterator[ReceivedSpan]:
    for resource_spans in export.resource_spans:
        service = _read(resource_spans.resource.attributes).get("service.name", "")
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                yield ReceivedSpan(
                    service=service,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    name=span.name,
                    kind=Span.SpanKind.Name(span.kind).removeprefix("SPAN_KIND_").lower(),
                    started_ns=span.start_time_unix_nano,
                    ended_ns=span.end_time_unix_nano,
                    is_failed=span.status.code == Status.STATUS_CODE_ERROR,
                    attributes=_read(span.attributes),
                    linked=tuple(link.trace_id.hex() for link in span.links),
                )


def _read(attributes: Iterable[KeyValue]) -> dict[str, str]:
    return {attribute.key: _value(attribute.value) for attribute in attributes}


def _value(value: AnyValue) -> str:
    which = value.WhichOneof("value")
    return "" if which is None else str(getattr(value, which))
