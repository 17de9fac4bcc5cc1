"""A collector in the test's own process: keeps every span that the processes under test export."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from cli.traces.collector import CollectorServer
from cli.traces.received import ReceivedSpan
from cli.traces.tree import in_order

FAST_EXPORT = {"OTEL_BSP_SCHEDULE_DELAY": "100"}
"""Milliseconds; by default it is seconds."""


class TraceSink:
    def __init__(self) -> None:
        self.spans: list[ReceivedSpan] = []
        self._server = CollectorServer("127.0.0.1", 0, self.spans.extend)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process export to here."""
        return {"OTEL_EXPORTER_OTLP_ENDPOINT": self.url} | FAST_EXPORT

    @contextmanager
    def open(self) -> Iterator["TraceSink"]:
        Thread(target=self._server.serve_forever, daemon=True).start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()

    def of(self, trace_id: str) -> list[ReceivedSpan]:
        return [span for span in self.spans if span.trace_id == trace_id]

    def exported_text(self) -> str:
        """All that any span says, for whoever searches it for what must not be there."""
        return "\n".join(map(repr, self.spans))


def outline(spans: list[ReceivedSpan], root: str) -> list[str]:
    """The part of a trace below the span of this name: names, two spaces for each level, no SQL."""
    names: list[str] = []
    root_depth: int | None = None
    for span, depth in in_order(spans):
        if root_depth is not None and depth <= root_depth:
            break
        if span.name == root:
            root_depth = depth
        if root_depth is not None and "db.query.summary" not in span.attributes:
            names.append(f"{'  ' * (depth - root_depth)}{span.name}")
    return names
