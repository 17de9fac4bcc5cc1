"""Amounts as a person reads them."""


def money(cents: int, currency: str) -> str:
    return f"{cents / 100:.2f} {currency}"
