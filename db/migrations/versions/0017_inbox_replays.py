"""The webhook inbox for people: why a report has no effect, what is parked, and who had it judged again.

May be interrupted anywhere and repeated: an index that was left half-built is dropped first.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

from db.migrations.parts import drop_unused, forbid_changes, id_column, recorded_at, refers

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

PARKED = "ix_webhook_inbox_parked"


def upgrade() -> None:
    op.execute("ALTER TABLE webhook_inbox ADD COLUMN IF NOT EXISTS last_failure text")
    with op.get_context().autocommit_block():
        op.drop_index(PARKED, "webhook_inbox", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            PARKED,
            "webhook_inbox",
            ["id"],
            postgresql_where=sa.text("status = 'parked'"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )
    op.create_table(
        "report_replays",
        id_column(),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("was_status", sa.Text(), nullable=False),
        sa.Column("was_parked_for", sa.Text()),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        recorded_at("replayed_at"),
        refers("report_replays", "report_id", "webhook_inbox"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_report_replays")),
    )
    op.create_index("ix_report_replays_report_id", "report_replays", ["report_id"])
    forbid_changes("report_replays")


def downgrade() -> None:
    """Refused once a report was replayed."""
    drop_unused("report_replays")
    op.drop_index(PARKED, "webhook_inbox")
    op.drop_column("webhook_inbox", "last_failure")
