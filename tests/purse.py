"""Gift cards in somebody's hands, with the books that go with them."""

import uuid
from datetime import datetime

from sqlalchemy import insert

from db.database import Database
from db.queries import ledger
from db.tables.gift_cards import GiftCard, GiftCardBatch
from domain import ledger as movements


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
    word = uuid.uuid4()
    async with database.transaction() as connection:
        batch = await connection.execute(
            insert(GiftCardBatch)
            .values(key=word.hex, amount_cents=cents, currency=currency, card_count=1, created_by=user_id)
            .returning(GiftCardBatch.id)
        )
        batch_id: int = batch.scalar_one()
        card = await connection.execute(
            insert(GiftCard)
            .values(
                batch_id=batch_id,
                code_hash=word.bytes,
                amount_cents=cents,
                balance_cents=cents,
                currency=currency,
                redeemed_by=user_id,
                redeemed_at=at,
                expires_at=expires_at,
            )
            .returning(GiftCard.id)
        )
        issued = movements.gift_cards_issued(batch_id, currency, cents)
        await ledger.post_movement(connection, None, issued, at)
        card_id: int = card.scalar_one()
    return card_id
