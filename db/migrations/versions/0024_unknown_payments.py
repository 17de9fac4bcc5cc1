"""The payments that nobody knows the outcome of are found without reading all that ever were.

Revision ID: 0024
Revises: 0020
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0020"
branch_labels = None
depends_on = None

UNKNOWN = "ix_payments_unknown"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(UNKNOWN, "payments", postgresql_concurrently=True, if_exists=True)
        op.create_index(
            UNKNOWN,
            "payments",
            ["recorded_at"],
            postgresql_where=sa.text("status = 'unknown'"),
            postgresql_concurrently=True,
            if_not_exists=True,
        )


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index(UNKNOWN, "payments", postgresql_concurrently=True, if_exists=True)
