"""What is about whom, also after a subscription was handed on.

May be interrupted anywhere and repeated: an index that was left half-built is dropped first.

Revision ID: 0023
Revises: 0022
"""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_timeline_entries_transferred": (
        "timeline_entries",
        ("subscription_id", "id"),
        "event = 'transferred'",
    ),
}


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for name, (table, columns, condition) in INDEXES.items():
            op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
            op.create_index(
                name,
                table,
                list(columns),
                postgresql_where=sa.text(condition),
                postgresql_concurrently=True,
                if_not_exists=True,
            )


def downgrade() -> None:
    for name, (table, _, _) in INDEXES.items():
        op.drop_index(name, table)
