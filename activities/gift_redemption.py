"""Makes a gift card its redeemer's: with a start, or on a running subscription."""

from datetime import datetime

from db.database import Connection
from db.queries import gift_cards
from domain.gift_card import check_redeemable, no_such_card


async def redeem(
    connection: Connection, user_id: int, code_hash: str, currency: str, at: datetime
) -> dict[str, int | str]:
    """What the timeline says of it: nothing when the card was the user's already. Raises `Refused`.

    The hash of its code comes in hexadecimal.
    """
    found = await gift_cards.find_card(connection, bytes.fromhex(code_hash))
    card = check_redeemable(found, user_id, currency, at)
    if card.redeemed_by is not None:
        return {}  # not locked here: the purse locks its cards in the order of their use
    if not await gift_cards.claim_card(connection, card.gift_card_id, user_id, at):
        raise no_such_card()
    return {
        "gift_card_id": card.gift_card_id,
        "gift_card_cents": card.balance_cents,
        "currency": card.currency,
    }
