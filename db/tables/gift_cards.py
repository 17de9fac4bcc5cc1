"""Gift cards: stored value, whose every movement is an entry."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Cents, Currency, Id, Instant, RecordedAt, Table


class GiftCardBatch(Table):
    """Cards that staff issued at once. Their codes are derived from `key`, and nowhere stored."""

    __tablename__ = "gift_card_batches"
    __table_args__ = (
        CheckConstraint("amount_cents > 0", name="amount_is_positive"),
        CheckConstraint("card_count > 0", name="has_cards"),
    )

    id: Mapped[Id]
    key: Mapped[str] = mapped_column(unique=True)
    amount_cents: Mapped[Cents]
    currency: Mapped[Currency]
    card_count: Mapped[int] = mapped_column(SmallInteger)
    expires_at: Mapped[datetime | None]
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[RecordedAt]


class GiftCard(Table):
    """`balance_cents` is the amount with all entries added. It belongs to whoever redeems it first.

    A trigger guards that, and what it was issued for.
    """

    __tablename__ = "gift_cards"
    __table_args__ = (
        CheckConstraint("balance_cents BETWEEN 0 AND amount_cents", name="balance_is_within_its_amount"),
        CheckConstraint("(redeemed_by IS NULL) = (redeemed_at IS NULL)", name="redeemed_by_somebody"),
        Index("ix_gift_cards_batch_id", "batch_id"),
        Index("ix_gift_cards_redeemed_by", "redeemed_by", postgresql_where=text("redeemed_by IS NOT NULL")),
    )

    id: Mapped[Id]
    batch_id: Mapped[int] = mapped_column(ForeignKey("gift_card_batches.id"))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    amount_cents: Mapped[Cents]
    balance_cents: Mapped[Cents]
    currency: Mapped[Currency]
    expires_at: Mapped[datetime | None]
    redeemed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    redeemed_at: Mapped[datetime | None]


class GiftCardEntry(Table):
    """Money that left a card for an invoice (negative), or came back from it."""

    __tablename__ = "gift_card_entries"
    __table_args__ = (
        CheckConstraint("amount_cents <> 0", name="moves_something"),
        Index("ix_gift_card_entries_gift_card_id", "gift_card_id"),
        Index("ix_gift_card_entries_invoice_id", "invoice_id"),
    )

    id: Mapped[Id]
    gift_card_id: Mapped[int] = mapped_column(ForeignKey("gift_cards.id"))
    invoice_id: Mapped[int] = mapped_column(ForeignKey("invoices.id"))
    key: Mapped[str] = mapped_column(unique=True)
    amount_cents: Mapped[Cents]
    occurred_at: Mapped[Instant]
    recorded_at: Mapped[RecordedAt]
