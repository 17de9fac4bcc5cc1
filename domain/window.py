"""A stretch of time that somebody asks about, in days or instants."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True)
class Window:
    """Half-open: `[start, end)`. A side that is `None` has no limit. Raises `ValueError` when it is empty."""

    start: datetime | None = None
    end: datetime | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise ValueError("the end must be later than the start")


def parse_moment(text: str) -> datetime:
    """A date, which is its midnight in UTC, or an instant of RFC 3339. Raises `ValueError`."""
    midnight = f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text
    try:
        moment = datetime.fromisoformat(midnight)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("must be a date (2026-03-01) or an instant with its offset (2026-03-01T12:00:00Z)")
