"""What a user has with us: gift cards and balance, by currency."""

from datetime import timedelta

from api.schemas.gift_cards import OwnedCardBody, PurseBody, PurseTotalBody
from db.database import Connection
from db.queries import gift_cards, purses, subscription_views
from upkeep.own_time import own_now


async def show_purse(connection: Connection, user_id: int) -> PurseBody:
    """What has expired by the time of the user's own subscription is in no total."""
    view = await subscription_views.find_current(connection, user_id)
    now = own_now(view.clock_offset if view else timedelta())
    cards = await gift_cards.list_owned(connection, user_id)
    balances = await purses.load_balances(connection, user_id)
    good = [card for card in cards if card.expires_at is None or card.expires_at > now]
    return PurseBody(
        totals=[
            PurseTotalBody(
                currency=currency,
                gift_cents=sum(card.balance_cents for card in good if card.currency == currency),
                balance_cents=balances.get(currency, 0),
            )
            for currency in sorted(balances.keys() | {card.currency for card in cards})
        ],
        gift_cards=[OwnedCardBody.model_validate(card) for card in cards],
    )
