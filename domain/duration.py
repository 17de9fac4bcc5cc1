"""Exact lengths of time, as ISO 8601 spells them: weeks, days, hours, minutes and seconds."""

import re
from datetime import timedelta

LONGEST = timedelta(days=3_660)

_ISO_DURATION = re.compile(
    r"P(?=[\dT])(?:(\d{1,4})W)?(?:(\d{1,5})D)?(?:T(?=\d)(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})S)?)?",
    re.ASCII,
)


def parse_duration(iso: str) -> timedelta:
    """Reads `P31D`, `PT12H` or `P1DT6H`.

    Months and years are refused, since how long they are depends on where they are counted from. Raises
    `ValueError` for them, and for what is malformed, fractional, zero, or longer than ten years.
    """
    match = _ISO_DURATION.fullmatch(iso)
    if match is None:
        raise ValueError("not an ISO 8601 duration of whole weeks, days, hours, minutes or seconds")
    weeks, days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    duration = timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not timedelta() < duration <= LONGEST:
        raise ValueError("a duration is longer than nothing and at most ten years")
    return duration
