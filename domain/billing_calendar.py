"""Billing intervals and period boundaries: always anchor + n × interval, never the previous end + interval.

Stepping from the previous end drifts (31 January, 28 February, 28 March …); counting from the anchor
does not (31 January, 28 February, 31 March).
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta

MONTHS_A_YEAR = 12
DAYS_A_WEEK = 7
LONGEST_MONTHS = 10 * MONTHS_A_YEAR
LONGEST_DAYS = 3_660

_ISO_DURATION = re.compile(r"P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,4})D)?", re.ASCII)


@dataclass(frozen=True)
class Interval:
    """A length of whole months or of whole days; the other one is zero."""

    months: int
    days: int


@dataclass(frozen=True)
class Anchor:
    """Where boundaries are counted from.

    `billing_day` (1 to 31) is kept beside the instant, since an anchor on 28 February may stand for
    the 31st of each month.
    """

    at: datetime
    billing_day: int

    @classmethod
    def starting(cls, at: datetime) -> "Anchor":
        return cls(at=at, billing_day=at.day)


@dataclass(frozen=True)
class Period:
    """Half-open: `[start, end)`, both UTC instants."""

    start: datetime
    end: datetime


def parse_interval(period_iso: str) -> Interval:
    """Reads an ISO 8601 duration of whole years, months, weeks or days, such as `P30D` or `P6M`.

    Raises `ValueError` when it is zero, too long, fractional, has a time part, or mixes months with days
    (its length would depend on which is added first).
    """
    match = _ISO_DURATION.fullmatch(period_iso)
    if match is None:
        raise ValueError(f"not a duration of whole days, weeks, months or years: {period_iso!r}")
    years, months, weeks, days = (int(part or 0) for part in match.groups())
    interval = Interval(months=years * MONTHS_A_YEAR + months, days=weeks * DAYS_A_WEEK + days)
    if (interval.months > 0) == (interval.days > 0):
        raise ValueError(f"an interval is either months or days, and not zero: {period_iso!r}")
    if interval.months > LONGEST_MONTHS or interval.days > LONGEST_DAYS:
        raise ValueError(f"an interval is at most ten years long: {period_iso!r}")
    return interval


def boundary(anchor: Anchor, interval: Interval, index: int) -> datetime:
    """The `index`-th boundary: anchor + index × interval, clamped to the month's end, time of day kept."""
    if interval.days:
        return anchor.at + timedelta(days=interval.days * index)
    months = anchor.at.month - 1 + interval.months * index
    year, month = anchor.at.year + months // MONTHS_A_YEAR, months % MONTHS_A_YEAR + 1
    day = min(anchor.billing_day, monthrange(year, month)[1])
    return anchor.at.replace(year=year, month=month, day=day)


def period(anchor: Anchor, interval: Interval, index: int) -> Period:
    """The `index`-th period, counted from zero."""
    return Period(start=boundary(anchor, interval, index), end=boundary(anchor, interval, index + 1))
