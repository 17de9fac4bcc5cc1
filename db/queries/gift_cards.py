"""Gift cards, found by the hash of their code, and made their redeemer's."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select, update

from db.database import Connection
from db.tables import gift_cards as tables
from domain.gift_card import GiftCard

_Row = tables.GiftCard


@dataclass(frozen=True)
class OwnedCard:
    amount_cents: int
    balance_cents: int
    currency: str
    expires_at: datetime | None
    redeemed_at: datetime


async def find_card(connection: Connection, code_hash: bytes) -> GiftCard | None:
    query = select(_Row.id, _Row.balance_cents, _Row.currency, _Row.expires_at, _Row.redeemed_by).where(
        _Row.code_hash == code_hash
    )
    row = (await connection.execute(query)).one_or_none()
    return row and GiftCard(*row)


async def claim_card(connection: Connection, gift_card_id: int, user_id: int, at: datetime) -> bool:
    """Whether it is the user's now: of many at once the first one gets it."""
    claimed = await connection.execute(
        update(_Row)
        .where(_Row.id == gift_card_id, or_(_Row.redeemed_by.is_(None), _Row.redeemed_by == user_id))
        .values(redeemed_by=user_id, redeemed_at=func.coalesce(_Row.redeemed_at, at))
    )
    return claimed.rowcount == 1


async def list_owned(connection: Connection, user_id: int) -> list[OwnedCard]:
    """All that the user has redeemed, in the order in which they are used; used up and expired ones too."""
    query: Select[*tuple[Any, ...]] = (
        select(_Row.amount_cents, _Row.balance_cents, _Row.currency, _Row.expires_at, _Row.redeemed_at)
        .where(_Row.redeemed_by == user_id)
        .order_by(_Row.redeemed_at, _Row.id)
    )
    return [OwnedCard(*row) for row in await connection.execute(query)]
