"""The calendar's rules, as worked tables."""

from datetime import UTC, datetime

import pytest

from domain.billing_calendar import Anchor, Interval, Period, boundary, parse_interval, period


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("anchor", "period_iso", "boundaries"),
    [
        pytest.param(
            *("2026-01-31T09:30", "P1M"),
            ["2026-01-31T09:30", "2026-02-28T09:30", "2026-03-31T09:30", "2026-04-30T09:30"],
            id="monthly from 31 January",
        ),
        pytest.param(
            *("2028-01-30T00:00", "P1M"),
            ["2028-01-30T00:00", "2028-02-29T00:00", "2028-03-30T00:00"],
            id="monthly through a leap February",
        ),
        pytest.param(
            *("2026-08-31T23:59:59.999999", "P6M"),
            [
                "2026-08-31T23:59:59.999999",
                "2027-02-28T23:59:59.999999",
                "2027-08-31T23:59:59.999999",
                "2028-02-29T23:59:59.999999",
            ],
            id="six months from 31 August",
        ),
        pytest.param(
            *("2028-02-29T12:00", "P1Y"),
            [
                "2028-02-29T12:00",
                "2029-02-28T12:00",
                "2030-02-28T12:00",
                "2031-02-28T12:00",
                "2032-02-29T12:00",
            ],
            id="yearly from 29 February",
        ),
        pytest.param(
            *("2026-12-15T08:00", "P1M"),
            ["2026-12-15T08:00", "2027-01-15T08:00"],
            id="over the end of the year",
        ),
        pytest.param(
            *("2026-01-31T06:00", "P30D"),
            ["2026-01-31T06:00", "2026-03-02T06:00", "2026-04-01T06:00"],
            id="thirty times 24 hours",
        ),
        pytest.param(
            *("2028-02-22T06:00", "P1W"),
            ["2028-02-22T06:00", "2028-02-29T06:00", "2028-03-07T06:00"],
            id="weekly through a leap February",
        ),
    ],
)
def test_boundaries_are_counted_from_the_anchor(anchor: str, period_iso: str, boundaries: list[str]) -> None:
    start, interval = Anchor.starting(instant(anchor)), parse_interval(period_iso)

    counted = [boundary(start, interval, index) for index in range(len(boundaries))]

    assert counted == [instant(each) for each in boundaries]


def test_the_billing_day_is_kept_beside_an_anchor_in_a_shorter_month() -> None:
    anchor = Anchor(at=instant("2026-02-28T10:00"), billing_day=31)

    counted = [boundary(anchor, Interval(months=1, days=0), index) for index in range(4)]

    assert counted == [
        instant("2026-02-28T10:00"),
        instant("2026-03-31T10:00"),
        instant("2026-04-30T10:00"),
        instant("2026-05-31T10:00"),
    ]


def test_an_anchor_starts_on_its_own_day() -> None:
    assert Anchor.starting(instant("2026-02-28T10:00")) == Anchor(
        at=instant("2026-02-28T10:00"), billing_day=28
    )


def test_a_period_runs_from_one_boundary_to_the_next() -> None:
    anchor = Anchor.starting(instant("2026-01-31T09:30"))

    assert period(anchor, parse_interval("P1M"), 1) == Period(
        start=instant("2026-02-28T09:30"), end=instant("2026-03-31T09:30")
    )
