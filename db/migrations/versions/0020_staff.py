"""Staff: what they did, accounts they disabled, and indexes for all that they search.

May be interrupted anywhere and repeated: an index that was left half-built is dropped first.

Revision ID: 0020
Revises: 0018
"""

import sqlalchemy as sa
from alembic import op

from db.migrations.parts import drop_unused, forbid_changes, id_column, recorded_at

revision = "0020"
down_revision = "0018"
branch_labels = None
depends_on = None

ACTIONS = "staff_actions"

SEARCHED = {
    "ix_subscriptions_status_id": ("subscriptions", ("status", "id"), None),
    "ix_subscriptions_plan_id_id": ("subscriptions", ("plan_id", "id"), None),
    "ix_subscriptions_next_action_at": ("subscriptions", ("next_action_at",), None),
    "ix_subscriptions_created_at": ("subscriptions", ("created_at",), None),
    "ix_subscriptions_parked": ("subscriptions", ("id",), "parked_reason IS NOT NULL"),
    "ix_invoices_subscription_id_id": ("invoices", ("subscription_id", "id"), None),
    "ix_invoices_not_paid": ("invoices", ("status", "id"), "status <> 'paid'"),
    "ix_payments_not_succeeded": ("payments", ("status", "id"), "status <> 'succeeded'"),
    "ix_users_sessions_ended_at": ("users", ("sessions_ended_at",), "sessions_ended_at IS NOT NULL"),
}


def upgrade() -> None:
    for instant in ("disabled_at", "sessions_ended_at"):
        op.execute(f"ALTER TABLE users ADD COLUMN IF NOT EXISTS {instant} timestamptz")
    op.execute("ALTER TABLE users ADD COLUMN IF NOT EXISTS token_version bigint NOT NULL DEFAULT 0")
    # A release that still runs names a user in every note of its own.
    op.execute("-- squawk-ignore ban-drop-not-null\nALTER TABLE notes ALTER COLUMN user_id DROP NOT NULL")
    with op.get_context().autocommit_block():
        for name, (table, columns, condition) in SEARCHED.items():
            op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
            op.create_index(
                name,
                table,
                list(columns),
                postgresql_where=condition and sa.text(condition),
                postgresql_concurrently=True,
                if_not_exists=True,
            )
    op.create_table(
        ACTIONS,
        id_column(),
        *(
            sa.Column(part, sa.Text(), nullable=False)
            for part in ("actor", "action", "subject_kind", "subject_id")
        ),
        sa.Column("reason", sa.Text()),
        sa.Column("trace_id", sa.Text(), nullable=False),
        recorded_at("recorded_at"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{ACTIONS}")),
    )
    op.create_index(f"ix_{ACTIONS}_subject", ACTIONS, ["subject_kind", "subject_id", "id"])
    op.create_index(f"ix_{ACTIONS}_actor_id", ACTIONS, ["actor", "id"])
    forbid_changes(ACTIONS)


def downgrade() -> None:
    """Refused once staff did something, an operator wrote a note, or an account is disabled."""
    drop_unused(ACTIONS)
    op.execute(
        "DO $$ BEGIN IF EXISTS (SELECT FROM users WHERE disabled_at IS NOT NULL) THEN"
        " RAISE EXCEPTION 'accounts are disabled' USING ERRCODE = 'restrict_violation'; END IF; END $$"
    )
    for name, (table, _, _) in SEARCHED.items():
        op.drop_index(name, table)
    op.alter_column("notes", "user_id", nullable=False)
    op.drop_column("users", "token_version")
    op.drop_column("users", "sessions_ended_at")
    op.drop_column("users", "disabled_at")
