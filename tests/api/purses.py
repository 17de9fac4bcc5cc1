"""What a customer has with us, put into their purse straight in the books."""

import uuid
from datetime import datetime

from sqlalchemy import insert

from db.database import Connection
from db.tables.balances import CustomerBalance
from db.tables.gift_cards import GiftCard, GiftCardBatch
from tests.db.rows import START


async def fill_purse(
    connection: Connection,
    user_id: int,
    *,
    gifts: tuple[int, ...] = (),
    expires_at: datetime | None = None,
    balance_cents: int = 0,
) -> None:
    """In EUR; the gift cards were redeemed in this order. Only where nobody asks for their ledger."""
    for cents in gifts:
        batch = {"key": uuid.uuid4().hex, "amount_cents": cents, "currency": "EUR", "card_count": 1}
        batch_id = (
            await connection.execute(
                insert(GiftCardBatch).values(batch | {"created_by": user_id}).returning(GiftCardBatch.id)
            )
        ).scalar_one()
        await connection.execute(
            insert(GiftCard).values(
                batch_id=batch_id,
                code_hash=uuid.uuid4().bytes,
                amount_cents=cents,
                balance_cents=cents,
                currency="EUR",
                redeemed_by=user_id,
                redeemed_at=START,
                expires_at=expires_at,
            )
        )
    if balance_cents:
        await connection.execute(
            insert(CustomerBalance).values(user_id=user_id, currency="EUR", balance_cents=balance_cents)
        )
