"""How often somebody may guess a promo code, the code of a gift card, or the token of an invitation.

A try is counted before the code is looked at, so that the limits hold however many come at once, and given
back when it was no guess. So whoever holds a code, and repeats what was interrupted, is not limited; nor does
a code of one's own start the count anew.
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
from ops.settings import Settings

WINDOW: Final = timedelta(hours=1)
WRONG: Final = frozenset(
    {RefusalCode.PROMO_CODE_NOT_FOUND, RefusalCode.GIFT_CARD_NOT_FOUND, RefusalCode.INVITATION_NOT_FOUND}
)


@asynccontextmanager
async def guessing(
    context: Context,
    user_id: int,
    request: Request,
    *,
    promo_code: str | None = None,
    gift_code: str | None = None,
    invitation: str | None = None,
) -> AsyncIterator[None]:
    """Raises a 429 `Problem`. What stays counted is a block that ends with a code that is not found."""
    address = client_address(request)
    limits = [
        *(_promo_limits(context.settings, user_id, address) if promo_code is not None else ()),
        *(_gift_limits(context.settings, user_id, address) if gift_code is not None else ()),
        *(_invitation_limits(context.settings, user_id, address) if invitation is not None else ()),
    ]
    if not limits:
        yield
        return
    await admit(context, *limits)
    was_wrong = False
    try:
        yield
    except Problem as problem:
        was_wrong = problem.code in WRONG
        raise
    finally:
        if not was_wrong:
            await give_back(context, *limits)


def _promo_limits(settings: Settings, user_id: int, address: str) -> tuple[Limit, Limit]:
    return (
        Limit("promo codes of user", str(user_id), settings.promo_codes_per_user_per_hour, WINDOW),
        Limit("promo codes of address", address, settings.promo_codes_per_address_per_hour, WINDOW),
    )


def _gift_limits(settings: Settings, user_id: int, address: str) -> tuple[Limit, Limit]:
    return (
        Limit("gift codes of user", str(user_id), settings.gift_codes_per_user_per_hour, WINDOW),
        Limit("gift codes of address", address, settings.gift_codes_per_address_per_hour, WINDOW),
    )


def _invitation_limits(settings: Settings, user_id: int, address: str) -> tuple[Limit, Limit]:
    return (
        Limit("invitations of user", str(user_id), settings.invitations_per_user_per_hour, WINDOW),
        Limit("invitations of address", address, settings.invitations_per_address_per_hour, WINDOW),
    )
