"""How often somebody may send the code of a gift card. Codes that were right count too."""

from datetime import timedelta
from typing import Final

from fastapi import Request

from api.context import Context
from api.rate_limits import Limit, admit, client_address

WINDOW: Final = timedelta(hours=1)


async def admit_gift_code(context: Context, user_id: int, request: Request) -> None:
    """Counts a try before the code is looked at. Raises a 429 `Problem`."""
    per_user = context.settings.gift_codes_per_user_per_hour
    per_address = context.settings.gift_codes_per_address_per_hour
    await admit(
        context,
        Limit("gift code user", str(user_id), per_user, WINDOW),
        Limit("gift code address", client_address(request), per_address, WINDOW),
    )
