"""Keeps secrets and e-mail addresses out of the logs, whatever a caller passes."""

import re
from functools import lru_cache
from typing import Any

from structlog.typing import EventDict, WrappedLogger

REDACTED = "[redacted]"

_SENSITIVE_KEY = re.compile(
    r"passw|secret|token|authorization|cookie|signature|e_?mail|api_?key|credential|gift_?code",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[^\s@\"'<>()\[\]{},:;=]+@[^\s@\"'<>()\[\]{},:;=]+\.[A-Za-z]{2,}")
_URL_LOGIN = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_JWT = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*")
_PASSWORD_HASH = re.compile(r"\$argon2\S+")
_DEEPEST = 6  # a log line is flat; whatever is nested deeper is not worth a recursion


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        event[key] = REDACTED if _is_sensitive(key) else _cleaned(value, _DEEPEST)
    return event


@lru_cache(maxsize=1024)
def _is_sensitive(key: str) -> bool:
    return _SENSITIVE_KEY.search(key) is not None


def _cleaned(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return _cleaned_text(value)
    if depth == 0:
        return REDACTED if isinstance(value, dict | list | tuple) else value
    if isinstance(value, dict):
        return {
            key: REDACTED if _is_sensitive(str(key)) else _cleaned(item, depth - 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [_cleaned(item, depth - 1) for item in value]
    return value


def _cleaned_text(text: str) -> str:
    if "@" in text:
        text = _EMAIL.sub(REDACTED, _URL_LOGIN.sub(REDACTED, text))
    if "eyJ" in text:
        text = _JWT.sub(REDACTED, text)
    if "$argon2" in text:
        text = _PASSWORD_HASH.sub(REDACTED, text)
    return text
