"""`italiano trace-collector` takes what exporters send, and prints it as a tree."""

import asyncio
import gzip
import sys
from pathlib import Path

import httpx2
import pytest
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from cli.dev.child_process import ChildProcess
from cli.traces.collector import QuietTraces
from cli.traces.received import ReceivedSpan, UnreadableExportError, read_export
from cli.traces.tree import in_order, printed
from tests.deadline import LONGEST_SECONDS, eventually
from tests.free_port import free_port

MS = 1_000_000


def span(span_id: str, parent_id: str = "", began: int = 0, took: int = 10, **told: str) -> ReceivedSpan:
    return ReceivedSpan(
        service="italiano-api",
        trace_id="a" * 32,
        span_id=span_id,
        parent_id=parent_id,
        name=f"span {span_id}",
        kind="server",
        started_ns=began * MS,
        ended_ns=(began + took) * MS,
        is_failed=span_id == "failed",
        attributes=told,
    )


def test_a_tree_has_parents_before_their_parts_in_the_order_of_time() -> None:
    late, early, root, lost = (
        span("late", "root", 5),
        span("early", "root", 1),
        span("root"),
        span("x", "y", 7),
    )

    order = [(each.span_id, depth) for each, depth in in_order([late, lost, early, root, root])]

    assert order == [("root", 0), ("early", 1), ("late", 1), ("x", 0)]


def test_a_tree_says_how_long_and_what_of_ours() -> None:
    told = {"billing.invoice_id": "7", "http.route": "/x", "error.type": "Fault"}

    lines = printed([span("root", took=20), span("failed", "root", 2, 5, **told)]).splitlines()

    assert lines[0] == f"trace {'a' * 32}  2 spans, 20.0 ms"
    assert lines[2].split() == [
        *("2.0", "5.0", "ms", "span", "failed", "italiano-api", "FAILED", "invoice_id=7", "type=Fault")
    ]


def test_spans_that_are_their_own_parents_end_all_the_same() -> None:
    assert list(in_order([span("a", "b"), span("b", "a")])) == []


def test_what_is_no_export_is_refused() -> None:
    for body, encoding in ((b"\xff\xff", ""), (b"no gzip", "gzip"), (gzip.compress(b"x" * 9)[:9], "gzip")):
        if body[:2] == b"\x1f\x8b":
            continue
        with pytest.raises(UnreadableExportError):
            read_export(body, encoding)


def test_a_trace_is_given_once() -> None:
    traces = QuietTraces(quiet_seconds=0)
    traces.take((span("root"), span("part", "root")))

    assert [len(spans) for spans in traces.give()] == [2]
    assert traces.give(all_of_them=True) == []


async def test_what_exporters_send_is_printed(tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "collector.log"
    command = [sys.executable, "-m", "cli.main", "trace-collector", "--port", str(port), "--quiet", "2"]
    collector = ChildProcess("trace-collector", command, log_file=log)
    collector.start()
    url = f"http://127.0.0.1:{port}/v1/traces"

    async def listens() -> bool:
        return f"Traces are taken at http://127.0.0.1:{port}" in log.read_text()

    await eventually(listens)
    for name, compression in (("plain", Compression.NoCompression), ("packed", Compression.Gzip)):
        await asyncio.to_thread(export, url, name, compression)
    async with httpx2.AsyncClient(timeout=LONGEST_SECONDS, trust_env=False) as http:
        assert (await http.post(url, content=b"\xff\xff")).status_code == httpx2.codes.BAD_REQUEST
        assert (await http.post(f"{url}/x", content=b"")).status_code == httpx2.codes.NOT_FOUND

    async def prints() -> bool:
        return all(word in log.read_text() for word in ("  plain", "    part of plain", "    part of packed"))

    await eventually(prints)
    assert await collector.stop() == 0


def export(url: str, name: str, compression: Compression) -> None:
    provider = TracerProvider(resource=Resource({SERVICE_NAME: "test"}), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(url, compression=compression)))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span(name), tracer.start_as_current_span(f"part of {name}"):
        pass
    provider.shutdown()
