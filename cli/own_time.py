"""How far a subscription's own time is ahead of ours, as every command says it to a program."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any, Protocol


class _OfItsOwnTime(Protocol):
    @property
    def clock_offset(self) -> timedelta: ...


def ahead_seconds(of: _OfItsOwnTime) -> float:
    return of.clock_offset.total_seconds()


def own_time_fields(row: Any) -> dict[str, Any]:
    """Of a dataclass with a `clock_offset`."""
    fields = asdict(row)
    del fields["clock_offset"]
    return fields | {"ahead_seconds": ahead_seconds(row)}
