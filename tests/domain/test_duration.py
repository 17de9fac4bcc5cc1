from datetime import timedelta

import pytest

from domain.duration import LONGEST, parse_duration


@pytest.mark.parametrize(
    ("iso", "duration"),
    [
        ("P31D", timedelta(days=31)),
        ("P2W", timedelta(days=14)),
        ("PT12H", timedelta(hours=12)),
        ("PT90M", timedelta(minutes=90)),
        ("PT1S", timedelta(seconds=1)),
        ("P1W2DT3H4M5S", timedelta(days=9, hours=3, minutes=4, seconds=5)),
        ("P3660D", LONGEST),
        ("P0DT1H", timedelta(hours=1)),
    ],
)
def test_a_duration_is_read(iso: str, duration: timedelta) -> None:
    assert parse_duration(iso) == duration


@pytest.mark.parametrize("iso", ["P1M", "P1Y", "PT", "P", "", "P1.5D", "P1D\n", "31D", "P1DT", "P99999W"])
def test_what_is_not_one_is_refused(iso: str) -> None:
    with pytest.raises(ValueError, match="not an ISO 8601 duration"):
        parse_duration(iso)


@pytest.mark.parametrize("iso", ["P0D", "PT0S", "P3660DT1S", "P9999W"])
def test_what_is_too_short_or_too_long_is_refused(iso: str) -> None:
    with pytest.raises(ValueError, match="at most ten years"):
        parse_duration(iso)
