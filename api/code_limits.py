"""Codes can be guessed, so that asking for them is limited, wherever they are sent."""

from fastapi import Request

from api.context import Context
from api.gift_code_limits import admit_gift_code
from api.promo_code_limits import promo_code_limits
from api.rate_limits import admit, client_address


async def admit_codes(
    context: Context, user_id: int, request: Request, *, promo_code: str | None, gift_code: str | None
) -> None:
    """Counts a try for each before it is looked at. Raises a 429 `Problem`."""
    if promo_code is not None:
        await admit(context, *promo_code_limits(context.settings, user_id, client_address(request)))
    if gift_code is not None:
        await admit_gift_code(context, user_id, request)
