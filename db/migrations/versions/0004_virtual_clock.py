"""A subscription may have a time of its own: how far it is ahead, and who turned its clock.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from db.migrations.parts import id_column, recorded_at, refers

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "subscriptions",
        sa.Column("clock_offset", sa.Interval(), server_default=sa.text("'0'::interval"), nullable=False),
    )
    op.create_table(
        "clock_turns",
        id_column(),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("command_id", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.BigInteger(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("target_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("after_entry_id", sa.BigInteger(), nullable=False),
        recorded_at("created_at"),
        refers("clock_turns", "subscription_id", "subscriptions"),
        refers("clock_turns", "asked_by", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_turns")),
        sa.UniqueConstraint(
            "subscription_id", "command_id", name=op.f("uq_clock_turns_subscription_id_command_id")
        ),
    )


def downgrade() -> None:
    op.drop_table("clock_turns")
    op.drop_column("subscriptions", "clock_offset")
