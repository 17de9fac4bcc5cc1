"""Instants as clients write and read them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.instant import in_utc, rfc3339

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
AN_HOUR = timedelta(hours=1)


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


@pytest.mark.parametrize("edge", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_it_is_kept_from_the_first_year_to_the_last(edge: datetime) -> None:
    assert in_utc(edge) == edge


@pytest.mark.parametrize(
    "beyond",
    [
        datetime.min.replace(tzinfo=timezone(AN_HOUR)),
        datetime.max.replace(tzinfo=timezone(-AN_HOUR)),
    ],
)
def test_what_is_beyond_in_utc_is_none(beyond: datetime) -> None:
    with pytest.raises(ValueError, match="between the years 1 and 9999 of UTC"):
        in_utc(beyond)
