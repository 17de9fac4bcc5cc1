"""The whole life of a subscription: trials, renewals, dunning, freezes, stored payment methods, refunds.

Rows that are there already are held against the new constraints in 0006, which keeps nobody waiting.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.parts import forbid_changes, id_column, recorded_at, refers, replace_check

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# table, name, before, after
CHECKS = (
    (
        "subscriptions",
        "status_is_known",
        "status IN ('incomplete', 'incomplete_expired', 'active', 'canceled')",
        (
            "status IN ('incomplete', 'incomplete_expired', 'trialing', 'active', 'past_due', 'frozen',"
            " 'unpaid', 'canceled')"
        ),
    ),
    (
        "subscriptions",
        "ended_when_not_live",
        "(status IN ('incomplete', 'active')) = (ended_at IS NULL)",
        (
            "(status IN ('incomplete', 'trialing', 'active', 'past_due', 'frozen', 'unpaid'))"
            " = (ended_at IS NULL)"
        ),
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
        (
            "account IN ('cash_at_provider', 'receivable', 'revenue', 'deferred_revenue', 'vat_payable',"
            " 'customer_balance')"
        ),
        (
            "account IN ('cash_at_provider', 'receivable', 'revenue', 'deferred_revenue', 'vat_payable',"
            " 'customer_balance', 'refunds', 'bad_debt')"
        ),
    ),
)

OLD_MOVES = "('draft', 'draft'), ('draft', 'open'), ('open', 'open'), ('open', 'paid'), ('open', 'void')"
MOVES = f"{OLD_MOVES},\n         ('open', 'uncollectible')"

# As in 0002, but for the moves.
GUARD_INVOICE = """
CREATE OR REPLACE FUNCTION guard_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'invoices are never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'draft' THEN
            RAISE EXCEPTION 'an invoice begins as a draft' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.status, NEW.status) NOT IN
        (MOVES) THEN
        RAISE EXCEPTION 'invoice % cannot go from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = 'draft' AND NEW.status = 'open' AND NEW.total_cents IS DISTINCT FROM
        (SELECT sum(amount_cents) FROM invoice_lines WHERE invoice_id = NEW.id) THEN
        RAISE EXCEPTION 'invoice % is not the sum of its lines', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status <> 'draft' AND
        (OLD.number, OLD.subscription_id, OLD.user_id, OLD.billing_reason, OLD.currency, OLD.total_cents,
         OLD.net_cents, OLD.vat_cents, OLD.vat_rate_bp, OLD.period_start, OLD.period_end, OLD.finalized_at)
        IS DISTINCT FROM
        (NEW.number, NEW.subscription_id, NEW.user_id, NEW.billing_reason, NEW.currency, NEW.total_cents,
         NEW.net_cents, NEW.vat_cents, NEW.vat_rate_bp, NEW.period_start, NEW.period_end, NEW.finalized_at)
    THEN
        RAISE EXCEPTION 'invoice % is finalized', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""

# Leaves the refund's own key out: one that is opened again is no second one.
GUARD_REFUND = """
CREATE FUNCTION guard_refund() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    received bigint;
    returned bigint;
BEGIN
    SELECT received_cents INTO received FROM payments
        WHERE id = NEW.payment_id AND currency = NEW.currency FOR NO KEY UPDATE;
    SELECT sum(amount_cents) INTO returned FROM refunds
        WHERE payment_id = NEW.payment_id AND status <> 'failed' AND key <> NEW.key;
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
    for table, name, _, after in CHECKS:
        replace_check(table, name, after)
    replace_check(
        "payments",
        "settled_when_not_pending",
        "(status IN ('created', 'pending', 'unknown')) = (settled_at IS NULL)",
        next_name="settled_when_known",
    )
    op.execute(GUARD_INVOICE.replace("MOVES", MOVES))
    _create_dunning_policies()
    _create_payment_methods()
    _create_outbox()
    _create_refunds()
    _add_columns()
    op.execute(FIRST_POLICIES)


def downgrade() -> None:
    """Refused by the checks once a subscription has used what came with this."""
    _drop_columns()
    for table in ("refunds", "outbox", "payment_methods", "dunning_policies"):
        op.drop_table(table)
    op.execute("DROP FUNCTION guard_refund()")
    op.execute(GUARD_INVOICE.replace("MOVES", OLD_MOVES))
    replace_check(
        "payments",
        "settled_when_known",
        "(status = 'pending') = (settled_at IS NULL)",
        next_name="settled_when_not_pending",
        is_validated=True,
    )
    for table, name, before, _ in CHECKS:
        replace_check(table, name, before, is_validated=True)


def _add_columns() -> None:
    op.add_column("plans", sa.Column("grace_days", sa.SmallInteger(), server_default="7", nullable=False))
    op.add_column(
        "plans", sa.Column("freeze_days_per_year", sa.SmallInteger(), server_default="30", nullable=False)
    )
    op.add_column("subscriptions", sa.Column("access_until", sa.DateTime(timezone=True)))
    op.add_column("subscriptions", sa.Column("trial_ends_at", sa.DateTime(timezone=True)))
    op.add_column("subscriptions", sa.Column("payment_method_id", sa.BigInteger()))
    op.add_column(
        "subscriptions",
        sa.Column("payment_in_progress", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("subscriptions", sa.Column("parked_reason", sa.Text()))
    op.add_column("invoices", sa.Column("written_off_at", sa.DateTime(timezone=True)))
    op.add_column("payments", sa.Column("dunning_attempt", sa.SmallInteger()))
    op.add_column("payments", sa.Column("payment_method_id", sa.BigInteger()))
    op.add_column("payments", sa.Column("reference", sa.Text()))
    op.add_column("payments", sa.Column("action_url", sa.Text()))
    for table, name, condition in (
        ("plans", "grace_is_not_negative", "grace_days >= 0"),
        ("plans", "freeze_is_part_of_a_year", "freeze_days_per_year BETWEEN 0 AND 180"),
        ("payments", "received_when_paid", "(status = 'succeeded') = (received_cents IS NOT NULL)"),
    ):
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition, postgresql_not_valid=True)
    for table in ("subscriptions", "payments"):
        op.create_foreign_key(
            op.f(f"fk_{table}_payment_method_id"),
            table,
            "payment_methods",
            ["payment_method_id"],
            ["id"],
            postgresql_not_valid=True,
        )


def _drop_columns() -> None:
    """Their constraints go with them."""
    op.drop_constraint(op.f("ck_payments_received_when_paid"), "payments")
    for table, columns in (
        ("payments", ("dunning_attempt", "payment_method_id", "reference", "action_url")),
        ("invoices", ("written_off_at",)),
        (
            "subscriptions",
            ("access_until", "trial_ends_at", "payment_method_id", "payment_in_progress", "parked_reason"),
        ),
        ("plans", ("grace_days", "freeze_days_per_year")),
    ):
        for column in columns:
            op.drop_column(table, column)


def _create_dunning_policies() -> None:
    op.create_table(
        "dunning_policies",
        id_column(),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("retry_days", postgresql.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("final_action", sa.Text(), nullable=False),
        recorded_at("created_at"),
        sa.CheckConstraint(
            "cardinality(retry_days) BETWEEN 1 AND 10", name=op.f("ck_dunning_policies_retries_now_and_then")
        ),
        sa.CheckConstraint("0 < ALL (retry_days)", name=op.f("ck_dunning_policies_retries_later")),
        sa.CheckConstraint(
            "final_action IN ('cancel', 'unpaid')", name=op.f("ck_dunning_policies_final_action_is_known")
        ),
        refers("dunning_policies", "plan_id", "plans"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dunning_policies")),
        sa.UniqueConstraint("plan_id", "version", name=op.f("uq_dunning_policies_plan_id_version")),
    )
    forbid_changes("dunning_policies")


def _create_payment_methods() -> None:
    op.create_table(
        "payment_methods",
        id_column(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("last4", sa.Text(), nullable=False),
        sa.Column("expiry_month", sa.SmallInteger(), nullable=False),
        sa.Column("expiry_year", sa.SmallInteger(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(timezone=True), nullable=False),
        recorded_at("created_at"),
        sa.Column("removed_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint(
            "expiry_month BETWEEN 1 AND 12", name=op.f("ck_payment_methods_expires_in_a_month")
        ),
        refers("payment_methods", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_methods")),
    )
    op.create_index(
        "uq_payment_methods_token",
        "payment_methods",
        ["user_id", "provider", "token"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
    )


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        id_column(),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        recorded_at("created_at"),
        refers("outbox", "subscription_id", "subscriptions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint(
            "subscription_id", "event", "due_at", name=op.f("uq_outbox_subscription_id_event_due_at")
        ),
    )


def _create_refunds() -> None:
    op.create_table(
        "refunds",
        id_column(),
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
        recorded_at("recorded_at"),
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
        refers("refunds", "payment_id", "payments"),
        refers("refunds", "note_id", "notes"),
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
