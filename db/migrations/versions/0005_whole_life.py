"""The whole life of a subscription: trials, renewals, dunning, freezes, stored payment methods, refunds.

Revision ID: 0005
Revises: 0004
"""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OLD_LIVE = "status IN ('incomplete', 'active')"
LIVE = "status IN ('incomplete', 'trialing', 'active', 'past_due', 'frozen', 'unpaid')"
OLD_SETTLING = "event IN ('activated', 'late_payment_received', 'payment_declined')"
SETTLING = (
    "event IN ('activated', 'renewed', 'recovered', 'reactivated', 'renewal_paid_ahead', 'charge_stood',"
    " 'paid_twice', 'late_payment_received', 'payment_declined')"
)

# table, name, before, after
CHECKS = (
    (
        "subscriptions",
        "status_is_known",
        "status IN ('incomplete', 'incomplete_expired', 'active', 'canceled')",
        "status IN ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'frozen',"
        " 'unpaid', 'canceled')",
    ),
    (
        "subscriptions",
        "ended_when_not_live",
        f"({OLD_LIVE}) = (ended_at IS NULL)",
        f"({LIVE}) = (ended_at IS NULL)",
    ),
    (
        "invoices",
        "status_is_known",
        "status IN ('draft', 'open', 'paid', 'void')",
        "status IN ('draft', 'open', 'paid', 'void', 'uncollectible')",
    ),
    (
        "invoices",
        "billing_reason_is_known",
        "billing_reason IN ('subscription_create')",
        "billing_reason IN ('subscription_create', 'subscription_cycle')",
    ),
    (
        "payments",
        "status_is_known",
        "status IN ('pending', 'succeeded', 'failed')",
        "status IN ('created', 'pending', 'succeeded', 'failed', 'unknown')",
    ),
    (
        "ledger_entries",
        "account_is_known",
        "account IN ('cash_at_provider', 'receivable', 'revenue', 'deferred_revenue', 'vat_payable',"
        " 'customer_balance')",
        "account IN ('cash_at_provider', 'receivable', 'revenue', 'deferred_revenue', 'vat_payable',"
        " 'customer_balance', 'refunds', 'bad_debt')",
    ),
)

OLD_MOVES = "('draft', 'draft'), ('draft', 'open'), ('open', 'open'), ('open', 'paid'), ('open', 'void')"
MOVES = f"{OLD_MOVES}, ('open', 'uncollectible')"

GUARD_REFUND = """
CREATE FUNCTION guard_refund() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    received bigint;
    returned bigint;
BEGIN
    SELECT received_cents INTO received FROM payments
        WHERE id = NEW.payment_id AND currency = NEW.currency FOR UPDATE;
    SELECT sum(amount_cents) INTO returned FROM refunds
        WHERE payment_id = NEW.payment_id AND status <> 'failed' AND id <> NEW.id;
    IF NEW.status <> 'failed' AND coalesce(returned, 0) + NEW.amount_cents > coalesce(received, 0) THEN
        RAISE EXCEPTION 'payment % received less than its refunds', NEW.payment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refunds_within_payment';
    END IF;
    RETURN NEW;
END $$
"""

# Policy 1 of the plans that were there before there were policies.
FIRST_POLICIES = """
INSERT INTO dunning_policies (plan_id, version, retry_days, final_action)
SELECT id, 1, '{2,7,14,21}', 'cancel' FROM plans
"""


def upgrade() -> None:
    _widen()
    _create_tables()
    op.add_column("plans", sa.Column("grace_days", sa.SmallInteger(), server_default="7", nullable=False))
    op.add_column(
        "plans", sa.Column("freeze_days_per_year", sa.SmallInteger(), server_default="30", nullable=False)
    )
    op.create_check_constraint(op.f("ck_plans_grace_is_not_negative"), "plans", "grace_days >= 0")
    op.create_check_constraint(
        op.f("ck_plans_freeze_is_part_of_a_year"), "plans", "freeze_days_per_year BETWEEN 0 AND 180"
    )
    op.add_column("subscriptions", sa.Column("access_until", sa.DateTime(timezone=True)))
    op.add_column("subscriptions", sa.Column("trial_ends_at", sa.DateTime(timezone=True)))
    op.add_column("subscriptions", sa.Column("payment_method_id", sa.BigInteger()))
    op.add_column(
        "subscriptions",
        sa.Column("payment_in_progress", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("subscriptions", sa.Column("parked_reason", sa.Text()))
    op.create_foreign_key(
        op.f("fk_subscriptions_payment_method_id"),
        "subscriptions",
        "payment_methods",
        ["payment_method_id"],
        ["id"],
    )
    op.create_index(
        "uq_subscriptions_one_trial_per_user",
        "subscriptions",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("trial_ends_at IS NOT NULL"),
    )
    op.add_column("invoices", sa.Column("written_off_at", sa.DateTime(timezone=True)))
    op.add_column("payments", sa.Column("dunning_attempt", sa.SmallInteger()))
    op.add_column("payments", sa.Column("payment_method_id", sa.BigInteger()))
    op.add_column("payments", sa.Column("reference", sa.Text()))
    op.add_column("payments", sa.Column("action_url", sa.Text()))
    op.create_foreign_key(
        op.f("fk_payments_payment_method_id"), "payments", "payment_methods", ["payment_method_id"], ["id"]
    )
    op.create_check_constraint(
        op.f("ck_payments_received_when_paid"),
        "payments",
        "(status = 'succeeded') = (received_cents IS NOT NULL)",
    )
    op.execute(FIRST_POLICIES)


def downgrade() -> None:
    """Refused by the checks once a subscription has used what came with this."""
    op.drop_constraint(op.f("ck_payments_received_when_paid"), "payments")
    for column in ("dunning_attempt", "payment_method_id", "reference", "action_url"):
        op.drop_column("payments", column)
    op.drop_column("invoices", "written_off_at")
    op.drop_index("uq_subscriptions_one_trial_per_user", "subscriptions")
    for column in (
        "access_until",
        "trial_ends_at",
        "payment_method_id",
        "payment_in_progress",
        "parked_reason",
    ):
        op.drop_column("subscriptions", column)
    for column in ("grace_days", "freeze_days_per_year"):
        op.drop_column("plans", column)
    for table in ("refunds", "outbox", "payment_methods", "dunning_policies"):
        op.drop_table(table)
    op.execute("DROP FUNCTION guard_refund()")
    _narrow()


def _widen() -> None:
    for table, name, _, after in CHECKS:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, after)
    op.drop_constraint(op.f("ck_payments_settled_when_not_pending"), "payments")
    op.create_check_constraint(
        op.f("ck_payments_settled_when_known"),
        "payments",
        "(status IN ('created', 'pending', 'unknown')) = (settled_at IS NULL)",
    )
    _replace_indexes(LIVE, SETTLING)
    _replace_moves(OLD_MOVES, MOVES)


def _narrow() -> None:
    _replace_moves(MOVES, OLD_MOVES)
    _replace_indexes(OLD_LIVE, OLD_SETTLING)
    op.drop_constraint(op.f("ck_payments_settled_when_known"), "payments")
    op.create_check_constraint(
        op.f("ck_payments_settled_when_not_pending"),
        "payments",
        "(status = 'pending') = (settled_at IS NULL)",
    )
    for table, name, before, _ in CHECKS:
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, before)


def _replace_indexes(live: str, settling: str) -> None:
    op.drop_index("uq_subscriptions_one_live_per_user", "subscriptions")
    op.create_index(
        "uq_subscriptions_one_live_per_user",
        "subscriptions",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text(live),
    )
    op.drop_index("ix_timeline_entries_settling", "timeline_entries")
    op.create_index(
        "ix_timeline_entries_settling", "timeline_entries", ["event"], postgresql_where=sa.text(settling)
    )


def _replace_moves(before: str, after: str) -> None:
    """Which way invoices may go: the rest of their guard stays as it is."""
    connection = op.get_bind()
    definition = connection.execute(
        sa.text("SELECT pg_get_functiondef('guard_invoice'::regproc)")
    ).scalar_one()
    op.execute(sa.text(definition.replace(before, after).replace(":", r"\:")))


def _create_tables() -> None:
    op.create_table(
        "dunning_policies",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("retry_days", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("final_action", sa.Text(), nullable=False),
        _recorded_at("created_at"),
        sa.CheckConstraint(
            "cardinality(retry_days) BETWEEN 1 AND 10", name=op.f("ck_dunning_policies_retries_now_and_then")
        ),
        sa.CheckConstraint("0 < ALL (retry_days)", name=op.f("ck_dunning_policies_retries_later")),
        sa.CheckConstraint(
            "final_action IN ('cancel', 'unpaid')", name=op.f("ck_dunning_policies_final_action_is_known")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_dunning_policies_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dunning_policies")),
        sa.UniqueConstraint("plan_id", "version", name=op.f("uq_dunning_policies_plan_id_version")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON dunning_policies"
        " FOR EACH STATEMENT EXECUTE FUNCTION forbid_change()"
    )
    op.create_table(
        "payment_methods",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("expiry_month", sa.SmallInteger(), nullable=False),
        sa.Column("expiry_year", sa.SmallInteger(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        _recorded_at("created_at"),
        sa.Column("removed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "expiry_month BETWEEN 1 AND 12", name=op.f("ck_payment_methods_expires_in_a_month")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_payment_methods_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_methods")),
    )
    op.create_index(
        "uq_payment_methods_token",
        "payment_methods",
        ["user_id", "provider", "token"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        _recorded_at("created_at"),
        sa.ForeignKeyConstraint(
            ["subscription_id"], ["subscriptions.id"], name=op.f("fk_outbox_subscription_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint(
            "subscription_id", "event", "due_at", name=op.f("uq_outbox_subscription_id_event_due_at")
        ),
    )
    _create_refunds()


def _create_refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note_id", sa.BigInteger()),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        _recorded_at("recorded_at"),
        sa.CheckConstraint(
            "status IN ('created', 'unknown', 'succeeded', 'failed')", name=op.f("ck_refunds_status_is_known")
        ),
        sa.CheckConstraint(
            "reason IN ('late_payment', 'withdrawal', 'staff')", name=op.f("ck_refunds_reason_is_known")
        ),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_refunds_amount_is_positive")),
        sa.CheckConstraint(
            "(status IN ('created', 'unknown')) = (settled_at IS NULL)",
            name=op.f("ck_refunds_settled_when_known"),
        ),
        sa.ForeignKeyConstraint(["payment_id"], ["payments.id"], name=op.f("fk_refunds_payment_id")),
        sa.ForeignKeyConstraint(["note_id"], ["notes.id"], name=op.f("fk_refunds_note_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        sa.UniqueConstraint("key", name=op.f("uq_refunds_key")),
    )
    op.create_index("ix_refunds_payment_id", "refunds", ["payment_id"])
    op.create_index(
        "ix_refunds_unsettled",
        "refunds",
        ["id"],
        postgresql_where=sa.text("status IN ('created', 'unknown')"),
    )
    op.execute(GUARD_REFUND)
    op.execute(
        "CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON refunds FOR EACH ROW EXECUTE FUNCTION guard_refund()"
    )


def _recorded_at(name: str) -> sa.Column[datetime]:
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
    )
