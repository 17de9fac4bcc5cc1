"""How the console writes amounts, instants and words of the system, for people."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from markupsafe import Markup

NOTHING = "–"
SOON = timedelta(minutes=1)
STEPS = (
    (timedelta(hours=1), timedelta(minutes=1), "minute"),
    (timedelta(days=2), timedelta(hours=1), "hour"),
    (timedelta(days=60), timedelta(days=1), "day"),
    (timedelta(days=730), timedelta(days=30), "month"),
    (timedelta.max, timedelta(days=365), "year"),
)

DONE = {
    "cancel": "It was canceled, as asked.",
    "uncancel": "The cancellation was taken back.",
    "freeze": "It was frozen.",
    "unfreeze": "It goes on.",
    "withdraw": "It was withdrawn from, and the money goes back.",
    "unpark": "It goes on where it stopped.",
    "change-plan": "The plan was changed, as previewed.",
    "change-plan-waits": "The change of plan waits for its payment.",
    "retry-payment": "The invoice was paid.",
    "retry-payment-waits": "The payment was asked for, and waits for its payer or its provider.",
    "refund": "The refund is on its way.",
    "replay": "The webhook was received anew, and is judged again.",
    "clock": "Its clock was turned.",
    "card": "Its card behaves as asked, from its next charge on.",
}
"""What a page says after a form was carried out, by the word in its address."""


def money(cents: int, currency: str) -> str:
    """`1,234.50 EUR`: all currencies here count in hundredths."""
    sign = "−" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02} {currency}"


def instant(at: datetime | None, now: datetime) -> Markup | str:
    """The instant in UTC, and beside it how far it is from `now`."""
    if at is None:
        return NOTHING
    at = at.astimezone(UTC)
    return Markup('<time datetime="{}">{}</time> <span class="from-now">{}</span>').format(
        at.isoformat(timespec="seconds").replace("+00:00", "Z"), f"{at:%Y-%m-%d %H:%M} UTC", from_now(at, now)
    )


def day(at: datetime | None) -> str:
    return NOTHING if at is None else f"{at.astimezone(UTC):%Y-%m-%d}"


def from_now(at: datetime, now: datetime) -> str:
    """`in 3 days`, `2 hours ago`."""
    distance = abs(at - now)
    if distance < SOON:
        return "now"
    told = _length(distance)
    return f"in {told}" if at > now else f"{told} ago"


def seconds(count: float) -> str:
    """How long something has waited."""
    return "less than a minute" if count < SOON.total_seconds() else _length(timedelta(seconds=count))


def words(code: str | None) -> str:
    """`past_due` as people read it."""
    return NOTHING if code is None else code.replace("_", " ").replace(".", " ")


def as_json(details: Mapping[str, Any]) -> str:
    """For people: escaped by the page, and not a second time."""
    return json.dumps(details, indent=2, ensure_ascii=False)


def _length(distance: timedelta) -> str:
    unit, name = next((unit, name) for below, unit, name in STEPS if distance < below)
    count = distance // unit
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
