"""Instants as clients read them."""

from datetime import UTC, datetime


def rfc3339(at: datetime) -> str:
    """In UTC: `2026-03-01T12:00:00Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
