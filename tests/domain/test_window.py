from datetime import UTC, datetime, timedelta

import pytest

from domain.window import Window, parse_moment

MARCH = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-01", MARCH),
        ("2026-03-01T00:00:00Z", MARCH),
        ("2026-03-01T02:00:00+02:00", MARCH),
        ("2026-03-01T12:30:00.250-05:00", MARCH + timedelta(hours=17, minutes=30, milliseconds=250)),
        ("0001-01-01", datetime(1, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_date_is_its_midnight_in_utc_and_an_instant_is_itself(text: str, moment: datetime) -> None:
    assert parse_moment(text) == moment
    assert parse_moment(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "20260301",
        "2026-3-1",
        "2026-02-29",
        "2026-13-01",
        "2026-03-01T12:00:00",
        "2026-03-01T12:00:00 01:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "٢٠٢٦-٠٣-٠١",
        "2026-03-01\n",
    ],
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a date"):
        parse_moment(text)


def test_a_window_may_be_open_on_either_side_but_not_empty() -> None:
    assert Window() == Window(None, None)
    Window(MARCH, MARCH + timedelta(microseconds=1))
    for end in (MARCH, MARCH - timedelta(days=1)):
        with pytest.raises(ValueError, match="the end must be later than the start"):
            Window(MARCH, end)
