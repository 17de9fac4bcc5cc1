"""What goes out: events with the instant at which each is due."""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Id, Instant, Json, RecordedAt, Table


class OutboxEvent(Table):
    """`due_at` is in the subscription's own time; until then an announcement can be taken back."""

    __tablename__ = "outbox"
    __table_args__ = (UniqueConstraint("subscription_id", "event", "due_at"),)

    id: Mapped[Id]
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscriptions.id"))
    event: Mapped[str]
    due_at: Mapped[Instant]
    details: Mapped[Json]
    created_at: Mapped[RecordedAt]
