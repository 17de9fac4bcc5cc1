"""The limits of guessing: tight for one account from one address, wide for the account, and per address.

Tries are counted before the password is looked at, so that they hold however many come at once. The
account as a whole has ten times the room of one address: an attacker does not lock the owner out.
"""

from datetime import timedelta
from typing import Final

from api.rate_limits import Limit
from ops.settings import Settings

ADDRESSES_PER_ACCOUNT: Final = 10
EXPORTS_PER_HOUR: Final = 10


def login_limits(settings: Settings, email: str, address: str) -> tuple[Limit, Limit, Limit]:
    return (
        Limit("login address", address, settings.logins_per_address_per_minute, timedelta(minutes=1)),
        *account_limits(settings, email, address),
    )


def account_limits(settings: Settings, email: str, address: str) -> tuple[Limit, Limit]:
    """The two that a successful login starts anew."""
    tries = settings.login_failures_per_account
    window = timedelta(minutes=settings.login_window_minutes)
    return (
        Limit("login account and address", f"{email} {address}", tries, window),
        Limit("login account", email, tries * ADDRESSES_PER_ACCOUNT, window),
    )


def password_change_limit(settings: Settings, user_id: int) -> Limit:
    """Whoever holds a stolen access token may not guess the password with it."""
    window = timedelta(minutes=settings.login_window_minutes)
    return Limit("password change", str(user_id), settings.login_failures_per_account, window)


def reset_request_limits(settings: Settings, email: str, address: str) -> tuple[Limit, Limit, Limit]:
    """Whoever floods an address with messages does not keep its owner from asking."""
    tries, hour = settings.password_resets_per_account_per_hour, timedelta(hours=1)
    return (
        Limit("reset address", address, settings.password_resets_per_address_per_hour, hour),
        Limit("reset account and address", f"{email} {address}", tries, hour),
        Limit("reset account", email, tries * ADDRESSES_PER_ACCOUNT, hour),
    )


def password_reset_limit(settings: Settings, address: str) -> Limit:
    """A token is not found by trying, but each good one costs a password's hash."""
    return Limit("password reset", address, settings.logins_per_address_per_minute, timedelta(minutes=1))


def export_limit(user_id: int) -> Limit:
    """It reads all that there is about them."""
    return Limit("export", str(user_id), EXPORTS_PER_HOUR, timedelta(hours=1))


def signup_limit(settings: Settings, address: str) -> Limit:
    return Limit("signup address", address, settings.signups_per_address_per_hour, timedelta(hours=1))
