"""What reconciliation finds: a row for each run, and one for each thing that does not agree.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.parts import id_column, recorded_at, refers

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

RUNS, FINDINGS = "reconciliation_runs", "reconciliation_findings"
OPEN = sa.text("resolved_at IS NULL")


def upgrade() -> None:
    op.create_table(
        RUNS,
        id_column(),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("mends", sa.Boolean(), nullable=False),
        recorded_at("started_at"),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        *(
            sa.Column(count, sa.BigInteger(), server_default="0", nullable=False)
            for count in ("rules", "findings", "fixed")
        ),
        sa.Column("failed_rules", postgresql.JSONB(), server_default=sa.text("'{}'::jsonb"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{RUNS}")),
    )
    op.create_table(
        FINDINGS,
        id_column(),
        *(sa.Column(part, sa.Text(), nullable=False) for part in ("rule", "subject_kind", "subject_id")),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        recorded_at("first_seen_at"),
        recorded_at("last_seen_at"),
        sa.Column("resolved_at", sa.DateTime(timezone=True)),
        sa.Column("fixed_at", sa.DateTime(timezone=True)),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        refers(FINDINGS, "run_id", RUNS),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{FINDINGS}")),
    )
    op.create_index(
        f"uq_{FINDINGS}_open",
        FINDINGS,
        ["rule", "subject_kind", "subject_id"],
        unique=True,
        postgresql_where=OPEN,
    )
    op.create_index(f"ix_{FINDINGS}_open_id", FINDINGS, ["id"], postgresql_where=OPEN)


def downgrade() -> None:
    """What was found is found again: nothing is lost that could not be looked for once more."""
    op.drop_table(FINDINGS)
    op.drop_table(RUNS)
