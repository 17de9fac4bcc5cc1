"""Events are published, numbered by their subscription, and delivered to the endpoints that staff keep.

May be interrupted anywhere and repeated: an index that was left half-built is dropped first.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.parts import drop_unused, forbid_changes, id_column, recorded_at, refers

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

UNPUBLISHED = "published_at IS NULL"
INDEXES: tuple[tuple[str, str, list[str], bool, str | None], ...] = (
    ("uq_outbox_sequence", "outbox", ["subscription_id", "sequence"], True, None),
    (
        "ix_outbox_unpublished_facts",
        "outbox",
        ["id"],
        False,
        f"{UNPUBLISHED} AND event <> 'renewal.upcoming'",
    ),
    (
        "ix_outbox_unpublished_announcements",
        "outbox",
        ["due_at"],
        False,
        f"{UNPUBLISHED} AND event = 'renewal.upcoming'",
    ),
    ("ix_outbox_published_at", "outbox", ["published_at"], False, "published_at IS NOT NULL"),
    ("ix_subscriptions_ahead", "subscriptions", ["id"], False, "clock_offset <> '0'::interval"),
)


def upgrade() -> None:
    op.execute("ALTER TABLE outbox ADD COLUMN IF NOT EXISTS sequence bigint")
    op.execute("ALTER TABLE outbox ADD COLUMN IF NOT EXISTS published_at timestamptz")
    with op.get_context().autocommit_block():
        for name, table, columns, unique, where in INDEXES:
            op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
            op.create_index(
                name,
                table,
                columns,
                unique=unique,
                postgresql_where=None if where is None else sa.text(where),
                postgresql_concurrently=True,
                if_not_exists=True,
            )
    _create_endpoints()
    _create_changes()
    _create_deliveries()


def downgrade() -> None:
    """Refused once there is an endpoint: whoever it tells would not be told any more."""
    drop_unused("event_deliveries", "webhook_endpoint_changes", "webhook_endpoints")
    for name, table, _, _, _ in INDEXES:
        op.drop_index(name, table)
    op.drop_column("outbox", "published_at")
    op.drop_column("outbox", "sequence")


def _create_endpoints() -> None:
    op.create_table(
        "webhook_endpoints",
        id_column(),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("events", sa.ARRAY(sa.Text())),
        sa.Column("status", sa.Text(), server_default="enabled", nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True)),
        sa.Column("disabled_reason", sa.Text()),
        sa.Column("secret_version", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("old_secret_until", sa.DateTime(timezone=True)),
        sa.Column("last_delivered_at", sa.DateTime(timezone=True)),
        sa.Column("created_by", sa.BigInteger(), nullable=False),
        recorded_at("created_at"),
        sa.CheckConstraint(
            "status IN ('enabled', 'disabled', 'deleted')", name=op.f("ck_webhook_endpoints_status_is_known")
        ),
        sa.CheckConstraint(
            "(status = 'enabled') = (disabled_at IS NULL)",
            name=op.f("ck_webhook_endpoints_disabled_at_an_instant"),
        ),
        sa.CheckConstraint(
            "(disabled_at IS NULL) = (disabled_reason IS NULL)",
            name=op.f("ck_webhook_endpoints_disabled_for_a_reason"),
        ),
        sa.CheckConstraint("secret_version > 0", name=op.f("ck_webhook_endpoints_has_a_secret")),
        sa.CheckConstraint("cardinality(events) > 0", name=op.f("ck_webhook_endpoints_takes_something")),
        refers("webhook_endpoints", "created_by", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )


def _create_changes() -> None:
    op.create_table(
        "webhook_endpoint_changes",
        id_column(),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("changed_by", sa.BigInteger()),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        recorded_at("recorded_at"),
        refers("webhook_endpoint_changes", "endpoint_id", "webhook_endpoints"),
        refers("webhook_endpoint_changes", "changed_by", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoint_changes")),
    )
    op.create_index("ix_webhook_endpoint_changes_endpoint_id", "webhook_endpoint_changes", ["endpoint_id"])
    forbid_changes("webhook_endpoint_changes")


def _create_deliveries() -> None:
    op.create_table(
        "event_deliveries",
        id_column(),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("endpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("round", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("attempts", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_attempt_at", sa.DateTime(timezone=True)),
        sa.Column("last_status_code", sa.SmallInteger()),
        sa.Column("last_error", sa.Text()),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        recorded_at("next_start_at"),
        recorded_at("created_at"),
        sa.CheckConstraint(
            "status IN ('pending', 'delivered', 'failed', 'stopped')",
            name=op.f("ck_event_deliveries_status_is_known"),
        ),
        sa.CheckConstraint(
            "(status = 'delivered') = (delivered_at IS NOT NULL)",
            name=op.f("ck_event_deliveries_delivered_at_an_instant"),
        ),
        refers("event_deliveries", "event_id", "outbox"),
        refers("event_deliveries", "endpoint_id", "webhook_endpoints"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_deliveries")),
        sa.UniqueConstraint("event_id", "endpoint_id", name=op.f("uq_event_deliveries_event_id_endpoint_id")),
    )
    op.create_index("ix_event_deliveries_endpoint_id_id", "event_deliveries", ["endpoint_id", "id"])
    op.create_index(
        "ix_event_deliveries_pending",
        "event_deliveries",
        ["next_start_at"],
        postgresql_where=sa.text("status = 'pending'"),
    )
