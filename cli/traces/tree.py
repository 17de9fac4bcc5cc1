"""One trace as a tree: what was part of what, when it began, and how long it took."""

from collections.abc import Iterable, Iterator, Sequence

from cli.traces.received import ReceivedSpan

NANOSECONDS_IN_MS = 1_000_000
OF_INTEREST = ("billing.", "error.type", "http.response.status_code")


def printed(spans: Sequence[ReceivedSpan]) -> str:
    """Of one trace. A span whose parent was not received is printed as a root: that may come later."""
    first = min(span.started_ns for span in spans)
    last = max(span.ended_ns for span in spans)
    lines = [f"trace {spans[0].trace_id}  {len(spans)} spans, {_ms(last - first)} ms"]
    lines += [f"  goes back to trace {trace_id}" for trace_id in _linked(spans)]
    for root, depth in in_order(spans):
        lines.append(_line(root, depth, first))
    return "\n".join(lines)


def in_order(spans: Iterable[ReceivedSpan]) -> Iterator[tuple[ReceivedSpan, int]]:
    """Each with how deep it is, parents before their parts, and those by when they began."""
    by_id = {span.span_id: span for span in spans}  # recorded twice is the same span
    parts: dict[str, list[ReceivedSpan]] = {}
    for span in sorted(by_id.values(), key=lambda span: (span.started_ns, -span.ended_ns)):
        parts.setdefault(span.parent_id if span.parent_id in by_id else "", []).append(span)
    waiting = [(root, 0) for root in reversed(parts.get("", []))]
    while waiting:
        span, depth = waiting.pop()
        yield span, depth
        waiting += [(part, depth + 1) for part in reversed(parts.get(span.span_id, []))]


def _line(span: ReceivedSpan, depth: int, first_ns: int) -> str:
    began, took = _ms(span.started_ns - first_ns), _ms(span.ended_ns - span.started_ns)
    told = " ".join(f"{_short(name)}={value}" for name, value in span.attributes.items() if _is_told(name))
    failed = " FAILED" if span.is_failed else ""
    indented = f"{'  ' * depth}{span.name}"
    return f"  {began:>9} {took:>9} ms  {indented:<58} {span.service}{failed}  {told}".rstrip()


def _linked(spans: Iterable[ReceivedSpan]) -> list[str]:
    return sorted({trace_id for span in spans for trace_id in span.linked})


def _is_told(attribute: str) -> bool:
    return attribute.startswith(OF_INTEREST)


def _short(attribute: str) -> str:
    return attribute.removeprefix("billing.").rpartition(".")[2]


def _ms(nanoseconds: int) -> str:
    return f"{nanoseconds / NANOSECONDS_IN_MS:.1f}"
