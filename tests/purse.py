"""Gift cards in somebody's hands, with the books that go with them."""

from datetime import datetime

from db.database import Database
from tests.gift_cards import put_card


async def issue_gift_card(
    database: Database, cents: int, at: datetime, *, expires_at: datetime | None = None
) -> str:
    """For whoever redeems it first. Returns its code's hash, in hexadecimal."""
    async with database.transaction() as connection:
        _, code_hash = await put_card(connection, cents, expires_at=expires_at, booked_at=at)
    return code_hash


async def give_gift_card(
    database: Database,
    user_id: int,
    cents: int,
    at: datetime,
    currency: str = "EUR",
    *,
    expires_at: datetime | None = None,
) -> int:
    """Issued, and redeemed by that user at that instant. Returns the card's id."""
    async with database.transaction() as connection:
        card_id, _ = await put_card(
            connection,
            cents,
            currency=currency,
            expires_at=expires_at,
            redeemed_by=user_id,
            redeemed_at=at,
            booked_at=at,
        )
    return card_id
