"""Instants as clients write and read them."""

from datetime import UTC, datetime


def rfc3339(at: datetime) -> str:
    """In UTC: `2026-03-01T12:00:00Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def in_utc(instant: datetime) -> datetime:
    """Raises `ValueError` outside of the years 1 to 9999: Postgres would keep it, and nobody read it."""
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("must be an instant between the years 1 and 9999 of UTC") from None
