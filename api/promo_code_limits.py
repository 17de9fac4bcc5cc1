"""Guessing promo codes is limited: per user, and per address for whoever has many accounts.

Every request that names a code is counted, before anything is looked at.
"""

from datetime import timedelta

from api.rate_limits import Limit
from ops.settings import Settings


def promo_code_limits(settings: Settings, user_id: int, address: str) -> tuple[Limit, Limit]:
    an_hour = timedelta(hours=1)
    return (
        Limit("promo codes of user", str(user_id), settings.promo_codes_per_user_per_hour, an_hour),
        Limit("promo codes of address", address, settings.promo_codes_per_address_per_hour, an_hour),
    )
