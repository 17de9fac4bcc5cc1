"""What goes out: events with the instant at which each is due."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Id, Instant, Json, RecordedAt, Table


class OutboxEvent(Table):
    """`due_at` is in the subscription's own time; until then an announcement can be taken back.

    `key` names what the event is about, so that it is there once. A release that knows none leaves it out.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("uq_outbox_key", "key", unique=True),
        Index("ix_outbox_subscription_id", "subscription_id"),
    )

    id: Mapped[Id]
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscriptions.id"))
    event: Mapped[str]
    key: Mapped[str | None]
    due_at: Mapped[Instant]
    details: Mapped[Json]
    created_at: Mapped[RecordedAt]
