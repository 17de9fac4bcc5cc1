"""How often somebody may guess the code of a gift card.

A try is counted before the code is looked at, so that the limits hold however many come at once, and given
back when it was no guess. So whoever holds a card, and repeats what was interrupted, is not limited; nor does
a card of one's own start the count anew.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from fastapi import Request

from api.context import Context
from api.problems import Problem
from api.rate_limits import Limit, admit, client_address, give_back
from domain.refusals import RefusalCode

WINDOW: Final = timedelta(hours=1)


@asynccontextmanager
async def one_guess(context: Context, user_id: int, request: Request) -> AsyncIterator[None]:
    """Raises a 429 `Problem`. What stays counted is a block that ends with `gift_card_not_found`."""
    settings = context.settings
    limits = (
        Limit("gift code user", str(user_id), settings.gift_codes_per_user_per_hour, WINDOW),
        Limit("gift code address", client_address(request), settings.gift_codes_per_address_per_hour, WINDOW),
    )
    await admit(context, *limits)
    was_wrong = False
    try:
        yield
    except Problem as problem:
        was_wrong = problem.code == RefusalCode.GIFT_CARD_NOT_FOUND
        raise
    finally:
        if not was_wrong:
            await give_back(context, *limits)
