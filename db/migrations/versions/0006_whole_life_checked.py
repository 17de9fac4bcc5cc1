"""Holds old rows against the constraints of 0005, and builds its indexes, while everybody goes on working.

May be interrupted anywhere and repeated: an index that was left half-built is dropped first.

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TO_VALIDATE = (
    ("subscriptions", "ck_subscriptions_status_is_known"),
    ("subscriptions", "ck_subscriptions_ended_when_not_live"),
    ("subscriptions", "fk_subscriptions_payment_method_id"),
    ("invoices", "ck_invoices_status_is_known"),
    ("invoices", "ck_invoices_billing_reason_is_known"),
    ("payments", "ck_payments_status_is_known"),
    ("payments", "ck_payments_settled_when_known"),
    ("payments", "ck_payments_received_when_paid"),
    ("payments", "fk_payments_payment_method_id"),
    ("ledger_entries", "ck_ledger_entries_account_is_known"),
    ("plans", "ck_plans_grace_is_not_negative"),
    ("plans", "ck_plans_freeze_is_part_of_a_year"),
)

OLD_LIVE = "status IN ('incomplete', 'active')"
LIVE = "status IN ('incomplete', 'trialing', 'active', 'past_due', 'frozen', 'unpaid')"
OLD_SETTLING = "event IN ('activated', 'late_payment_received', 'payment_declined')"
SETTLING = (
    "event IN ('activated', 'renewed', 'recovered', 'reactivated', 'renewal_paid_ahead', 'charge_stood',"
    " 'paid_twice', 'late_payment_received', 'payment_declined')"
)
ONE_LIVE = "uq_subscriptions_one_live_per_user"
ONE_TRIAL = "uq_subscriptions_one_trial_per_user"
OF_SETTLING = "ix_timeline_entries_settling"


def upgrade() -> None:
    for table, constraint in TO_VALIDATE:
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")
    with op.get_context().autocommit_block():
        _build(ONE_TRIAL, "subscriptions", "user_id", "trial_ends_at IS NOT NULL", unique=True)
        _rebuild(ONE_LIVE, "subscriptions", "user_id", LIVE, unique=True)
        _rebuild(OF_SETTLING, "timeline_entries", "event", SETTLING)


def downgrade() -> None:
    """Refused when a user has lived on in a way that 0005 has brought. Validated constraints stay so."""
    op.drop_index(ONE_TRIAL, "subscriptions")
    op.drop_index(ONE_LIVE, "subscriptions")
    op.create_index(ONE_LIVE, "subscriptions", ["user_id"], unique=True, postgresql_where=sa.text(OLD_LIVE))
    op.drop_index(OF_SETTLING, "timeline_entries")
    op.create_index(OF_SETTLING, "timeline_entries", ["event"], postgresql_where=sa.text(OLD_SETTLING))


def _build(name: str, table: str, column: str, where: str, *, unique: bool = False) -> None:
    op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
    op.create_index(
        name,
        table,
        [column],
        unique=unique,
        postgresql_where=sa.text(where),
        postgresql_concurrently=True,
        if_not_exists=True,
    )


def _rebuild(name: str, table: str, column: str, where: str, *, unique: bool = False) -> None:
    """The old one guards until the new one does."""
    _build(f"{name}_next", table, column, where, unique=unique)
    op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
    op.execute(
        f"-- squawk-ignore renaming-object\nALTER INDEX {name}_next RENAME TO {name}"  # no client names it
    )
