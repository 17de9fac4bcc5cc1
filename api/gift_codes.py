"""What a read can tell of a gift card, or refuse."""

from dataclasses import replace
from datetime import UTC, datetime

from activities.contracts import StartOrder
from api.refusals import problem_of
from api.unpaid_start import held_by_unpaid_start
from db.database import Connection
from db.queries import gift_cards
from domain.gift_card import GiftCard, check_redeemable, check_shown
from domain.refusals import Refused


async def find_shown_card(connection: Connection, user_id: int, code_hash: bytes) -> GiftCard:
    """Raises a 404 `Problem`, the same for all that the user is not to see."""
    found = await gift_cards.find_card(connection, code_hash)
    try:
        return check_shown(found, user_id, datetime.now(UTC))
    except Refused as refused:
        raise problem_of(refused) from refused


async def check_ordered_card(connection: Connection, order: StartOrder, currency: str) -> None:
    """Raises `Problem` when the gift card of a start, if any, can't pay in this currency for this user."""
    if order.gift_code_hash is None:
        return
    found = await find_card_for_start(connection, order.user_id, bytes.fromhex(order.gift_code_hash))
    try:
        check_redeemable(found, order.user_id, currency, order.start_at or datetime.now(UTC))
    except Refused as refused:
        raise problem_of(refused) from refused


async def find_card_for_start(connection: Connection, user_id: int, code_hash: bytes) -> GiftCard | None:
    """With what an unpaid start of the same user holds of it: a new one gives that back first."""
    found = await gift_cards.find_card(connection, code_hash)
    if found is None or found.redeemed_by != user_id:
        return found
    held = await held_by_unpaid_start(connection, user_id, found.currency)
    back_cents = sum(gift.cents for gift in held.gifts if gift.gift_card_id == found.gift_card_id)
    return replace(found, balance_cents=found.balance_cents + back_cents)
