"""What goes out: events with the instant at which each is due."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Id, Instant, Json, RecordedAt, Table

ANNOUNCEMENT = "event = 'renewal.upcoming'"
"""What may still be taken back until it is due. All others tell of facts, and are due at once."""

UNPUBLISHED = "published_at IS NULL"


class OutboxEvent(Table):
    """`due_at` is in the subscription's own time; until then an announcement can be taken back.

    `key` names what the event is about, so that it is there once. A release that knows none leaves it out.
    `sequence` numbers the events of one subscription in the order in which they were published, without a
    gap: what was taken back before has none, and what happens to an account belongs to no subscription.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint(
            "subscription_id IS NOT NULL OR event LIKE 'user.%'", name="belongs_to_a_subscription"
        ),
        Index("uq_outbox_key", "key", unique=True),
        Index("ix_outbox_subscription_id", "subscription_id"),
        Index("uq_outbox_sequence", "subscription_id", "sequence", unique=True),
        Index(
            "ix_outbox_unpublished_facts",
            "id",
            postgresql_where=text(f"{UNPUBLISHED} AND event <> 'renewal.upcoming'"),
        ),
        Index(
            "ix_outbox_unpublished_announcements",
            "due_at",
            postgresql_where=text(f"{UNPUBLISHED} AND {ANNOUNCEMENT}"),
        ),
        Index("ix_outbox_published_at", "published_at", postgresql_where=text("published_at IS NOT NULL")),
    )

    id: Mapped[Id]
    subscription_id: Mapped[int | None] = mapped_column(ForeignKey("subscriptions.id"))
    event: Mapped[str]
    key: Mapped[str | None]
    due_at: Mapped[Instant]
    details: Mapped[Json]
    created_at: Mapped[RecordedAt]
    sequence: Mapped[int | None]
    published_at: Mapped[datetime | None]
