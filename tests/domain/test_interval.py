from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.billing_calendar import Interval, parse_interval
from tests.domain.states import MONTHLY


@pytest.mark.parametrize(
    ("period_iso", "months", "days"),
    [
        ("P1D", 0, 1),
        ("P30D", 0, 30),
        ("P030D", 0, 30),
        ("P1W", 0, 7),
        ("P2W3D", 0, 17),
        ("P1M", 1, 0),
        ("P6M", 6, 0),
        ("P1Y", 12, 0),
        ("P1Y6M", 18, 0),
        ("P10Y", 120, 0),
        ("P120M", 120, 0),
        ("P0Y1M", 1, 0),
        ("P3660D", 0, 3_660),
    ],
)
def test_whole_units_are_read(period_iso: str, months: int, days: int) -> None:
    assert parse_interval(period_iso) == Interval(months=months, days=days)


@pytest.mark.parametrize(
    "period_iso",
    [
        *("", " ", "P", "1M", "month", "p1m", "P1m", " P1M", "P1M ", "P1M\n"),  # not a duration
        *("P0D", "P0M", "P0Y0M0W0D"),  # zero
        *("-P1M", "P-1M", "P+1M"),  # signed
        *("P1.5M", "P1,5M", "P0.5Y"),  # fractional
        *("PT1H", "P1DT1H", "P1MT0S", "PT"),  # a time part
        *("P1M1D", "P1Y1W", "P1Y2M3D"),  # months with days: their order would decide the length
        *("P1D1W", "P1M1Y", "P1M1M"),  # units out of order or twice
        *("P11Y", "P121M", "P9Y13M", "P3661D", "P523W"),  # longer than ten years
        *("P12345D", "P99999999999999999999Y"),  # beyond any calendar
        *("P١M", "P１M"),  # digits of other scripts
    ],
)
def test_anything_else_is_refused(period_iso: str) -> None:
    with pytest.raises(ValueError, match=r"duration|interval"):
        parse_interval(period_iso)


@given(years=st.integers(0, 9), months=st.integers(0, 12))
def test_years_and_months_round_trip(years: int, months: int) -> None:
    period_iso = f"P{years}Y{months}M"
    if years or months:
        assert parse_interval(period_iso) == Interval(months=12 * years + months, days=0)
    else:
        with pytest.raises(ValueError, match="not zero"):
            parse_interval(period_iso)


@given(weeks=st.integers(0, 500), days=st.integers(1, 160))
def test_weeks_and_days_round_trip(weeks: int, days: int) -> None:
    assert parse_interval(f"P{weeks}W{days}D") == Interval(months=0, days=7 * weeks + days)


def test_a_plan_knows_its_interval() -> None:
    plan = replace(MONTHLY, period_iso="P6M")

    assert plan.interval == Interval(months=6, days=0)
