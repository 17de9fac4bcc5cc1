"""Which of Stripe's keys and addresses belong into which environment: real money is for production alone."""

import re

STRIPE_ITSELF = "https://api.stripe.com"

_KEY = re.compile(r"(?:sk|rk)_(test|live)_\S+", re.ASCII)


def check_key(key: str, *, in_production: bool) -> None:
    """Raises `ValueError`, which never names the key."""
    mode = mode_of(key)
    if mode is None:
        raise ValueError("has to begin with sk_test_, rk_test_, sk_live_ or rk_live_")
    if in_production and mode == "test":
        raise ValueError("a test key is not accepted in production")
    if not in_production and mode == "live":
        raise ValueError("a live key is accepted in production only")


def check_base(url: str, *, in_production: bool) -> None:
    if in_production and url != STRIPE_ITSELF:
        raise ValueError(f"production speaks to {STRIPE_ITSELF} only")


def mode_of(key: str) -> str | None:
    """`test` or `live`; `None` for what is no secret or restricted key."""
    match = _KEY.fullmatch(key)
    return match[1] if match else None
