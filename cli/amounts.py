"""Amounts as a person writes and reads them."""

import re

import typer

from api.schemas.base import LARGEST_ID

_AMOUNT = re.compile(r"(\d{1,15})(?:[.,](\d{2}))?", re.ASCII)


def parse_cents(text: str) -> int:
    """`12.50`, `12,50` or `12`: hundredths always two. Raises `typer.BadParameter`."""
    written = _AMOUNT.fullmatch(text)
    cents = int(written[1]) * 100 + int(written[2] or 0) if written else 0
    if not 0 < cents <= LARGEST_ID:
        raise typer.BadParameter(f"{text!r} is no amount of money; 12.50 or 12 is one")
    return cents


def shown_cents(cents: int, currency: str) -> str:
    whole, hundredths = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{hundredths:02d} {currency}"
