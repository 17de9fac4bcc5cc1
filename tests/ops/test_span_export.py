"""Tracing is off, on, or on its way to a collector that is not there: billing goes on all the same."""

import json
import socket
import subprocess
import sys
from collections.abc import Sequence
from threading import Event

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from structlog.testing import capture_logs

from ops import spans
from ops.span_delivery import CountedDelivery
from ops.span_export import is_wanted, start_tracing, stop_tracing
from tests.deadline import LONGEST_SECONDS

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
MOST_WAITING = 600
TRIES = 3

HIDDEN = "import sys; sys.modules.update(dict.fromkeys(('opentelemetry.sdk', 'opentelemetry.exporter')))"
"""What the extra brings; the bare interface comes with the web framework."""

PROCESS = """
from ops.logging import configure_logging
from ops.leaving import leave
from ops import spans
from ops.span_export import start_tracing
configure_logging("worker", "info")
start_tracing("worker")
for _ in range(3):
    with spans.root("work", "server"):
        pass
leave()
"""


class Deaf(SpanExporter):
    """A collector that takes a connection, and never answers."""

    def __init__(self) -> None:
        self.answers, self.is_shut = Event(), Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.answers.wait()
        return SpanExportResult.FAILURE

    def shutdown(self) -> None:
        self.is_shut.set()


class Away(SpanExporter):
    """A collector that is away until it is back."""

    is_away = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return SpanExportResult.FAILURE if self.is_away else SpanExportResult.SUCCESS


def record(delivery: CountedDelivery, count: int) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(delivery)
    tracer = provider.get_tracer("test")
    for _ in range(count):
        tracer.start_span("work").end()


def run(script: str, **environment: str) -> list[dict[str, object]]:
    """What a process logs that ends by itself."""
    ended = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "", "PYTHONPATH": ".", **environment},
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return [json.loads(line) for line in ended.stdout.splitlines()]


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({ENDPOINT: ""}, False),
        ({ENDPOINT: "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({ENDPOINT: "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({ENDPOINT: "http://127.0.0.1:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_it_is_on_where_a_collector_is_named(environment: dict[str, str], wanted: bool) -> None:  # noqa: FBT001
    assert is_wanted(environment) is wanted


def test_another_protocol_leaves_it_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENDPOINT, "http://127.0.0.1:4317")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")

    with capture_logs() as logs:
        start_tracing("api")
        with spans.root("work", "server") as span:
            assert span.context is None
    stop_tracing()

    assert [line["event"] for line in logs] == ["tracing_off"]


def test_without_the_library_everything_runs_untraced() -> None:
    [told] = run(f"{HIDDEN}\nimport cli.serve, worker.main\n{PROCESS}", **{ENDPOINT: "http://127.0.0.1:9"})

    assert (told["event"], told["reason"]) == ("tracing_off", "the extra `tracing` is not installed")


def test_a_full_queue_takes_no_more_and_counts_what_is_lost() -> None:
    deaf = Deaf()
    delivery = CountedDelivery(deaf, MOST_WAITING)

    record(delivery, TRIES * MOST_WAITING)

    assert delivery.lost == (TRIES - 1) * MOST_WAITING
    with capture_logs() as logs:
        delivery.close(0.01)
    assert logs == [{"event": "spans_lost", "log_level": "warning", "spans": TRIES * MOST_WAITING}]
    deaf.answers.set()
    assert deaf.is_shut.wait(LONGEST_SECONDS)  # what it logs now is in no other test's lines


def test_an_outage_is_told_once_and_so_is_its_end() -> None:
    away = Away()
    delivery = CountedDelivery(away, MOST_WAITING)

    with capture_logs() as logs:
        for _ in range(TRIES):
            record(delivery, 1)
            delivery.force_flush()
        away.is_away = False
        for _ in range(TRIES):
            record(delivery, 1)
            delivery.force_flush()
    delivery.shutdown()

    assert logs == [
        {"event": "trace_collector_away", "log_level": "warning", "lost": 1},
        {"event": "trace_collector_back", "log_level": "info", "lost": TRIES},
    ]


def test_a_process_ends_though_its_collector_never_answers() -> None:
    """It would be waited for half a minute, if it were for the library."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        told = run(PROCESS, **{ENDPOINT: f"http://127.0.0.1:{deaf.getsockname()[1]}"})

    assert [(line["event"], line["spans"]) for line in told] == [("spans_lost", TRIES)]


def test_a_process_whose_collector_is_away_says_it_once() -> None:
    told = run(PROCESS, **{ENDPOINT: "http://127.0.0.1:9", "OTEL_BSP_SCHEDULE_DELAY": "1"})

    assert [line["event"] for line in told if line["event"] != "spans_lost"] in ([], ["trace_collector_away"])
    assert told[-1]["event"] == "spans_lost"
