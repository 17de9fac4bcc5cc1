"""What an endpoint's answer to an event means: delivered, to be tried again and when, or never again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Final

GONE: Final = 410
ASK_TO_WAIT: Final = (429, 503)
SHORTEST_WAIT: Final = timedelta(seconds=1)
LONGEST_WAIT: Final = timedelta(hours=6)


class DeliveryStatus(StrEnum):
    """`STOPPED`: its endpoint was disabled or deleted before it was delivered. `FAILED`: it was given up."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    STOPPED = "stopped"


class EndpointStatus(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"
    DELETED = "deleted"


class DisabledReason(StrEnum):
    """`GONE`: it answered 410. `UNREACHABLE`: nothing was delivered for as long as events are tried."""

    BY_STAFF = "by_staff"
    GONE = "gone"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Answer:
    """What came of one attempt: a status code, or a word for why there was none."""

    status_code: int | None = None
    error: str | None = None
    retry_after: timedelta | None = None

    @property
    def is_delivered(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300  # noqa: PLR2004 - as HTTP has it

    @property
    def is_gone(self) -> bool:
        return self.status_code == GONE


def answered(status_code: int, headers: Mapping[str, str], now: datetime) -> Answer:
    """A redirect is not followed, and counts as not delivered."""
    waits = headers.get("retry-after") if status_code in ASK_TO_WAIT else None
    error = None if 200 <= status_code < 300 else "refused"  # noqa: PLR2004 - as HTTP has it
    return Answer(status_code, error, None if waits is None else _wait(waits, now))


def _wait(text: str, now: datetime) -> timedelta | None:
    """Within bounds, whatever the endpoint asks for."""
    try:
        if text.isascii() and text.isdecimal():
            asked = timedelta(seconds=min(int(text), LONGEST_WAIT.total_seconds()))
        else:
            asked = parsedate_to_datetime(text) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(asked, SHORTEST_WAIT), LONGEST_WAIT)
