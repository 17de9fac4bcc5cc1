"""Holds old rows against the constraints of 0007 to 0011, and rebuilds indexes, while everybody works on.

May be interrupted anywhere and repeated: an index that was left half-built is dropped first.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TO_VALIDATE = (
    ("invoices", "ck_invoices_billing_reason_is_known"),
    ("invoices", "ck_invoices_paid_by_one_payment"),
    ("invoices", "ck_invoices_discount_is_not_negative"),
    ("invoices", "ck_invoices_tenders_are_within_the_total"),
    ("invoice_lines", "ck_invoice_lines_kind_is_known"),
    ("refunds", "ck_refunds_unapplied_is_part_of_it"),
    ("ledger_entries", "ck_ledger_entries_account_is_known"),
    ("webhook_inbox", "ck_webhook_inbox_reported_status_is_known"),
)

ONE_PER_PERIOD = "uq_invoices_one_per_period"
OLD_SINGLE = "status <> 'void'"
SINGLE = "status <> 'void' AND billing_reason <> 'subscription_update'"
OF_SETTLING = "ix_timeline_entries_settling"
OLD_SETTLING = (
    "event IN ('activated', 'renewed', 'recovered', 'reactivated', 'renewal_paid_ahead', 'charge_stood',"
    " 'paid_twice', 'late_payment_received', 'payment_declined')"
)
SETTLING = (
    "event IN ('activated', 'renewed', 'recovered', 'reactivated', 'renewal_paid_ahead', 'charge_stood',"
    " 'plan_changed', 'paid_twice', 'late_payment_received', 'payment_declined', 'plan_change_declined')"
    " AND details ? 'payment_id'"
)
PERIOD_COLUMNS = ("subscription_id", "period_start", "billing_reason")


def upgrade() -> None:
    for table, constraint in TO_VALIDATE:
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")
    with op.get_context().autocommit_block():
        _rebuild(ONE_PER_PERIOD, "invoices", PERIOD_COLUMNS, SINGLE, unique=True)
        _rebuild(OF_SETTLING, "timeline_entries", ("event",), SETTLING)


def downgrade() -> None:
    """Refused when a period was billed twice in a way that 0007 has brought."""
    for name, table, columns, where, unique in (
        (ONE_PER_PERIOD, "invoices", PERIOD_COLUMNS, OLD_SINGLE, True),
        (OF_SETTLING, "timeline_entries", ("event",), OLD_SETTLING, False),
    ):
        op.drop_index(name, table)
        op.create_index(name, table, list(columns), unique=unique, postgresql_where=sa.text(where))


def _rebuild(name: str, table: str, columns: tuple[str, ...], where: str, *, unique: bool = False) -> None:
    """The old one guards until the new one does."""
    following = f"{name}_next"
    op.drop_index(following, table, postgresql_concurrently=True, if_exists=True)
    op.create_index(
        following,
        table,
        list(columns),
        unique=unique,
        postgresql_where=sa.text(where),
        postgresql_concurrently=True,
        if_not_exists=True,
    )
    op.drop_index(name, table, postgresql_concurrently=True, if_exists=True)
    op.execute(
        f"-- squawk-ignore renaming-object\nALTER INDEX {following} RENAME TO {name}"  # no client names it
    )
