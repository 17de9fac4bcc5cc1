"""What a customer has with us, put into their purse straight in the books."""

from datetime import datetime

from sqlalchemy import insert

from db.database import Connection
from db.tables.balances import CustomerBalance
from tests.db.rows import START
from tests.gift_cards import put_card


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
        await put_card(connection, cents, expires_at=expires_at, redeemed_by=user_id, redeemed_at=START)
    if balance_cents:
        await connection.execute(
            insert(CustomerBalance).values(user_id=user_id, currency="EUR", balance_cents=balance_cents)
        )
