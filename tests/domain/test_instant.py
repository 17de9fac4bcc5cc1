"""Instants as clients read them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.instant import rfc3339

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (NOON, "2026-03-01T12:00:00Z"),
        (NOON.replace(microsecond=42), "2026-03-01T12:00:00.000042Z"),
        (NOON.astimezone(timezone(timedelta(hours=2))), "2026-03-01T12:00:00Z"),
    ],
)
def test_it_is_utc_with_a_z(at: datetime, written: str) -> None:
    assert rfc3339(at) == written
