"""The trace id that ties a request to everything it caused: W3C Trace Context, 32 lower-case hex digits."""

import re
import secrets

import structlog

_TRACEPARENT = re.compile(
    r"(?P<version>[0-9a-f]{2})-(?P<trace_id>[0-9a-f]{32})-(?P<parent_id>[0-9a-f]{16})-[0-9a-f]{2}(?P<rest>-.*)?"
)
_FORBIDDEN_VERSION = "ff"
_FIRST_VERSION = "00"  # has nothing behind its flags; later versions may


def new_trace_id() -> str:
    return secrets.token_hex(16)


def trace_id_from(traceparent: str | None) -> str:
    """The caller's trace id when its `traceparent` is well formed, else a new one."""
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if match is None or not _is_valid(match):
        return new_trace_id()
    return match["trace_id"]


def current_trace_id() -> str:
    """The trace id bound to the running request or activity; a new one outside of both."""
    bound = structlog.contextvars.get_contextvars().get("trace_id")
    return bound if isinstance(bound, str) else new_trace_id()


def bind_to_logs(*, subscription_id: int | None, trace_id: str) -> None:
    """From here on the logs of this activity say which subscription and which request they are about."""
    structlog.contextvars.bind_contextvars(subscription_id=subscription_id, trace_id=trace_id)


def _is_valid(match: re.Match[str]) -> bool:
    return (
        match["version"] != _FORBIDDEN_VERSION
        and not (match["version"] == _FIRST_VERSION and match["rest"])
        and any(digit != "0" for digit in match["trace_id"])
        and any(digit != "0" for digit in match["parent_id"])
    )
