"""Gift cards as staff issue them: many at once, of one amount. What they are all worth, in sum."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, SQLColumnExpression, cast, func, insert, or_, select

from db.database import Connection
from db.tables.gift_cards import GiftCard, GiftCardBatch
from db.tables.ledger import LedgerEntry
from domain.ledger import Account


@dataclass(frozen=True)
class NewBatch:
    """`amount_cents` is what each card is worth; `key` is what the codes are derived from."""

    key: str
    amount_cents: int
    currency: str
    expires_at: datetime | None
    created_by: int


@dataclass(frozen=True)
class BatchView:
    id: int
    amount_cents: int
    currency: str
    card_count: int
    redeemed_count: int
    expires_at: datetime | None
    created_by: int
    created_at: datetime


@dataclass(frozen=True)
class Liability:
    """What was issued is used, expired, or outstanding; of it, `redeemed` belongs to somebody.

    `ledger_cents` is what the ledger owes for gift cards: the outstanding and the expired, since what has
    expired is written off by accountants, not by a clock.
    """

    currency: str
    issued_cents: int
    redeemed_cents: int
    used_cents: int
    expired_cents: int
    outstanding_cents: int
    ledger_cents: int


async def insert_batch(connection: Connection, batch: NewBatch, code_hashes: list[bytes]) -> int:
    """With one card for each hash; returns the batch's id."""
    batch_id: int = (
        await connection.execute(
            insert(GiftCardBatch)
            .values(
                key=batch.key,
                amount_cents=batch.amount_cents,
                currency=batch.currency,
                card_count=len(code_hashes),
                expires_at=batch.expires_at,
                created_by=batch.created_by,
            )
            .returning(GiftCardBatch.id)
        )
    ).scalar_one()
    card = {
        "batch_id": batch_id,
        "amount_cents": batch.amount_cents,
        "balance_cents": batch.amount_cents,
        "currency": batch.currency,
        "expires_at": batch.expires_at,
    }
    await connection.execute(insert(GiftCard), [card | {"code_hash": code_hash} for code_hash in code_hashes])
    return batch_id


async def list_batches(connection: Connection, *, after_id: int | None, limit: int) -> list[BatchView]:
    """The oldest first."""
    redeemed = (
        select(func.count())
        .where(GiftCard.batch_id == GiftCardBatch.id, GiftCard.redeemed_by.is_not(None))
        .scalar_subquery()
    )
    rows = await connection.execute(
        select(
            GiftCardBatch.id,
            GiftCardBatch.amount_cents,
            GiftCardBatch.currency,
            GiftCardBatch.card_count,
            redeemed,
            GiftCardBatch.expires_at,
            GiftCardBatch.created_by,
            GiftCardBatch.created_at,
        )
        .where(GiftCardBatch.id > (after_id or 0))
        .order_by(GiftCardBatch.id)
        .limit(limit)
    )
    return [BatchView(*row) for row in rows]


async def gift_liability(connection: Connection, at: datetime) -> list[Liability]:
    """By currency, as the cards stand now; what is expired is so at `at`."""
    is_good = or_(GiftCard.expires_at.is_(None), GiftCard.expires_at > at)
    posted = await connection.execute(
        select(LedgerEntry.currency, -cast(func.sum(LedgerEntry.amount_cents), BigInteger))
        .where(LedgerEntry.account == Account.GIFT_CARD_LIABILITY)
        .group_by(LedgerEntry.currency)
    )
    owed: dict[str, int] = {row[0]: row[1] for row in posted}
    cards = await connection.execute(
        select(
            GiftCard.currency,
            _sum(GiftCard.amount_cents),
            _sum(GiftCard.amount_cents, GiftCard.redeemed_by.is_not(None)),
            _sum(GiftCard.amount_cents - GiftCard.balance_cents),
            _sum(GiftCard.balance_cents, ~is_good),
            _sum(GiftCard.balance_cents, is_good),
        )
        .group_by(GiftCard.currency)
        .order_by(GiftCard.currency)
    )
    return [Liability(*row, owed.get(row.currency, 0)) for row in cards]


def _sum(cents: SQLColumnExpression[int], *conditions: ColumnElement[bool]) -> ColumnElement[int]:
    total = func.sum(cents)
    return cast(func.coalesce(total.filter(*conditions) if conditions else total, 0), BigInteger)
