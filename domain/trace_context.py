"""Where in a trace something happens: W3C Trace Context, as `traceparent` writes it.

Ids that are derived are the same whenever they are derived again. So what a workflow does has its name before
its span is recorded, a replay names nothing anew, and a row's id is enough to find the span that stored it.
"""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

HEADER = "traceparent"
TRACE_ID_DIGITS = 32
SPAN_ID_DIGITS = 16

_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace_id>[0-9a-f]{32})-(?P<span_id>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
    r"(?P<rest>-.*)?"
)
_FORBIDDEN_VERSION = "ff"
_FIRST_VERSION = "00"  # has nothing behind its flags; later versions may
_SAMPLED = 0x01


@dataclass(frozen=True)
class TraceContext:
    """One span, and whether its trace is recorded at all."""

    trace_id: str
    span_id: str
    is_sampled: bool

    @property
    def traceparent(self) -> str:
        return f"{_FIRST_VERSION}-{self.trace_id}-{self.span_id}-{_SAMPLED if self.is_sampled else 0:02x}"

    @classmethod
    def parse(cls, traceparent: str | None) -> Self | None:
        """`None` for what is not well formed."""
        match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
        if match is None or not _is_valid(match):
            return None
        return cls(match["trace_id"], match["span_id"], bool(int(match["flags"], 16) & _SAMPLED))


def derived_trace_id(*parts: str) -> str:
    """The same for the same parts."""
    return _derived(parts)[:TRACE_ID_DIGITS]


def derived_span_id(*parts: str) -> str:
    """The same for the same parts."""
    return _derived(parts)[:SPAN_ID_DIGITS]


def _derived(parts: tuple[str, ...]) -> str:
    return sha256("\0".join(parts).encode()).hexdigest()


def _is_valid(match: re.Match[str]) -> bool:
    return (
        match["version"] != _FORBIDDEN_VERSION
        and not (match["version"] == _FIRST_VERSION and match["rest"])
        and any(digit != "0" for digit in match["trace_id"])
        and any(digit != "0" for digit in match["span_id"])
    )
