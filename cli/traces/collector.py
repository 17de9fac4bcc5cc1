"""`italiano trace-collector`: takes traces by OTLP/HTTP, and prints each as a tree once it is quiet.

For development: it keeps nothing that it has printed, and has no login.
"""

import signal
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread

from cli.traces.received import MOST_BYTES, ReceivedSpan, UnreadableExportError, read_export
from cli.traces.tree import printed

PATH = "/v1/traces"
LOOK_SECONDS = 0.5
READ_SECONDS = 10
MOST_KEPT = 100_000
"""Spans of traces that are not quiet yet; beyond that all are printed."""

Take = Callable[[tuple[ReceivedSpan, ...]], None]


class CollectorServer(ThreadingHTTPServer):
    """Hands on what exporters send, to `take`, from several threads."""

    daemon_threads = True

    def __init__(self, host: str, port: int, take: Take) -> None:
        super().__init__((host, port), _Request)
        self.take = take


class _Request(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = READ_SECONDS
    server: CollectorServer

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > MOST_BYTES:
            self._answer(HTTPStatus.LENGTH_REQUIRED)
            return
        body = self.rfile.read(int(length))
        if self.path != PATH:
            self._answer(HTTPStatus.NOT_FOUND)
            return
        try:
            spans = read_export(body, self.headers.get("Content-Encoding", ""))
        except UnreadableExportError:
            self._answer(HTTPStatus.BAD_REQUEST)
            return
        self.server.take(spans)
        self._answer(HTTPStatus.OK)

    def _answer(self, status: HTTPStatus) -> None:
        """An empty body is an answer that says all was taken."""
        if status is HTTPStatus.LENGTH_REQUIRED:
            self.close_connection = True  # its body is still on the way
        self.send_response(status)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        pass


class QuietTraces:
    """Traces of which nothing new has come for a while are complete, as far as one can know."""

    def __init__(self, quiet_seconds: float) -> None:
        self._quiet_seconds = quiet_seconds
        self._lock = Lock()
        self._spans: dict[str, list[ReceivedSpan]] = {}
        self._last_came: dict[str, float] = {}

    def take(self, spans: tuple[ReceivedSpan, ...]) -> None:
        now = time.monotonic()
        with self._lock:
            for span in spans:
                self._spans.setdefault(span.trace_id, []).append(span)
                self._last_came[span.trace_id] = now

    def give(self, *, all_of_them: bool = False) -> list[list[ReceivedSpan]]:
        """Those that are complete; they are forgotten here."""
        with self._lock:
            before = time.monotonic() - self._quiet_seconds
            are_many = sum(map(len, self._spans.values())) > MOST_KEPT
            quiet = [
                trace_id
                for trace_id, came in self._last_came.items()
                if all_of_them or are_many or came <= before
            ]
            for trace_id in quiet:
                del self._last_came[trace_id]
            return [self._spans.pop(trace_id) for trace_id in quiet]


def collect(host: str, port: int, quiet_seconds: float) -> None:
    """Until Ctrl-C. Ends with a word when the port is taken."""
    stop = Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, lambda *_: stop.set())
    traces = QuietTraces(quiet_seconds)
    try:
        server = CollectorServer(host, port, traces.take)
    except OSError as error:
        sys.exit(f"Cannot listen on {host}:{port}: {error.strerror}.")
    with server:
        print(f"Traces are taken at http://{host}:{port}", flush=True)
        _serve(server, traces, stop)


def _serve(server: CollectorServer, traces: QuietTraces, stop: Event) -> None:
    Thread(target=server.serve_forever, daemon=True).start()
    while not stop.wait(LOOK_SECONDS):
        _print(traces.give())
    server.shutdown()
    _print(traces.give(all_of_them=True))


def _print(traces: list[list[ReceivedSpan]]) -> None:
    for spans in traces:
        print(printed(spans), end="\n\n", flush=True)
