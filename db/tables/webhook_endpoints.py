"""Who is told: endpoints that staff keep, what was changed about them, and what is delivered to each."""

from datetime import datetime

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Id, Json, RecordedAt, Table


class WebhookEndpoint(Table):
    """`events` are the ones that it takes; null: all of them. Its secret is derived, and stored nowhere.

    Until `old_secret_until` what is sent is also signed with the secret of the version before. One that was
    deleted stays as a row, for what was delivered to it.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint("status IN ('enabled', 'disabled', 'deleted')", name="status_is_known"),
        CheckConstraint("(status = 'enabled') = (disabled_at IS NULL)", name="disabled_at_an_instant"),
        CheckConstraint("(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled_for_a_reason"),
        CheckConstraint("secret_version > 0", name="has_a_secret"),
        CheckConstraint("cardinality(events) > 0", name="takes_something"),
    )

    id: Mapped[Id]
    url: Mapped[str]
    description: Mapped[str]
    events: Mapped[list[str] | None] = mapped_column(ARRAY(Text))
    status: Mapped[str] = mapped_column(server_default="enabled")
    disabled_at: Mapped[datetime | None]
    disabled_reason: Mapped[str | None]
    secret_version: Mapped[int] = mapped_column(server_default=text("1"))
    old_secret_until: Mapped[datetime | None]
    last_delivered_at: Mapped[datetime | None]
    created_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[RecordedAt]


class WebhookEndpointChange(Table):
    """Who did what to an endpoint: append-only.

    Nobody in particular: the product did, or an operator without an account, whom `staff_actions` names.
    """

    __tablename__ = "webhook_endpoint_changes"
    __table_args__ = (Index("ix_webhook_endpoint_changes_endpoint_id", "endpoint_id"),)

    id: Mapped[Id]
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id"))
    change: Mapped[str]
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    details: Mapped[Json]
    trace_id: Mapped[str]
    recorded_at: Mapped[RecordedAt]


class EventDelivery(Table):
    """One event for one endpoint, once. `round` counts the replays: each has a workflow of its own.

    While it is pending its workflow is started at `next_start_at`, and again then, should it have been lost.
    `stopped` means that the endpoint was disabled, `failed` that it never took the event. What is told of
    attempts is of this round; `last_error` is a word for what went wrong.
    """

    __tablename__ = "event_deliveries"
    __table_args__ = (
        UniqueConstraint("event_id", "endpoint_id"),
        CheckConstraint("status IN ('pending', 'delivered', 'failed', 'stopped')", name="status_is_known"),
        CheckConstraint(
            "(status = 'delivered') = (delivered_at IS NOT NULL)", name="delivered_at_an_instant"
        ),
        Index("ix_event_deliveries_endpoint_id_id", "endpoint_id", "id"),
        Index("ix_event_deliveries_pending", "next_start_at", postgresql_where=text("status = 'pending'")),
    )

    id: Mapped[Id]
    event_id: Mapped[int] = mapped_column(ForeignKey("outbox.id"))
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id"))
    status: Mapped[str] = mapped_column(server_default="pending")
    round: Mapped[int] = mapped_column(server_default=text("0"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    last_attempt_at: Mapped[datetime | None]
    last_status_code: Mapped[int | None] = mapped_column(SmallInteger)
    last_error: Mapped[str | None]
    delivered_at: Mapped[datetime | None]
    next_start_at: Mapped[RecordedAt]
    created_at: Mapped[RecordedAt]
