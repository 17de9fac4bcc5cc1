"""What time it is for a subscription: ours, unless its virtual clock was turned."""

from datetime import UTC, datetime, timedelta


def own_now(clock_offset: timedelta) -> datetime:
    """`clock_offset` is the subscription's, from its row."""
    return datetime.now(UTC) + clock_offset
