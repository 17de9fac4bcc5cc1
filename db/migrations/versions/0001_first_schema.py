"""First schema: accounts, catalogue, subscriptions, billing, ledger, inbox.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from db.migrations.parts import id_column, recorded_at, refers

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    _create_accounts()
    _create_catalogue()
    _create_subscriptions()
    _create_timeline()
    _create_invoices()
    _create_invoice_lines()
    _create_payments()
    _create_inbox()
    _create_ledger()


def downgrade() -> None:
    op.drop_constraint(op.f("fk_invoices_paid_by_payment_id"), "invoices")
    for table in (
        "periods",
        "payments",
        "ledger_entries",
        "invoice_lines",
        "timeline_entries",
        "notes",
        "ledger_transactions",
        "invoices",
        "subscriptions",
        "refresh_tokens",
        "plan_prices",
        "idempotency_keys",
        "webhook_inbox",
        "users",
        "rate_limits",
        "plans",
        "invoice_series",
        "content_modules",
    ):
        op.drop_table(table)
    op.execute("DROP EXTENSION btree_gist")


def _create_accounts() -> None:
    op.create_table(
        "users",
        id_column(),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), server_default="student", nullable=False),
        sa.Column("locale", sa.Text(), server_default="en", nullable=False),
        recorded_at("created_at"),
        sa.CheckConstraint("role IN ('student', 'admin', 'support')", name=op.f("ck_users_role_is_known")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_users_email_is_lower_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("family_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("family_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spent_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_refresh_tokens_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_tokens")),
    )
    op.create_index("ix_refresh_tokens_family_id", "refresh_tokens", ["family_id"])
    op.create_index("ix_refresh_tokens_user_id", "refresh_tokens", ["user_id"])
    op.create_table(
        "rate_limits",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("window_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hits", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_rate_limits")),
    )
    op.create_index("ix_rate_limits_window_start", "rate_limits", ["window_start"])
    op.create_table(
        "idempotency_keys",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("status_code", sa.SmallInteger()),
        sa.Column("answer", sa.JSON()),
        recorded_at("created_at"),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(status_code IS NULL) = (answer IS NULL)", name=op.f("ck_idempotency_keys_answered_whole")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_idempotency_keys_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_idempotency_keys")),
    )


def _create_catalogue() -> None:
    op.create_table(
        "plans",
        id_column(),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("period_iso", sa.Text(), nullable=False),
        sa.Column("seats", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("trial_days", sa.SmallInteger(), server_default="0", nullable=False),
        recorded_at("created_at"),
        sa.Column("retired_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("seats >= 1", name=op.f("ck_plans_has_a_seat")),
        sa.CheckConstraint("trial_days >= 0", name=op.f("ck_plans_trial_is_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
        sa.UniqueConstraint("code", name=op.f("uq_plans_code")),
    )
    op.create_table(
        "plan_prices",
        id_column(),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("vat_rate_bp", sa.SmallInteger(), nullable=False),
        recorded_at("created_at"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_plan_prices_currency_is_iso_4217")),
        sa.CheckConstraint("price_cents > 0", name=op.f("ck_plan_prices_is_positive")),
        sa.CheckConstraint(
            "vat_rate_bp BETWEEN 0 AND 10000", name=op.f("ck_plan_prices_vat_rate_is_a_share")
        ),
        refers("plan_prices", "plan_id", "plans"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_prices")),
        sa.UniqueConstraint("plan_id", "version", name=op.f("uq_plan_prices_plan_id_version")),
    )
    op.create_table(
        "content_modules",
        id_column(),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("min_tier", sa.SmallInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_content_modules")),
        sa.UniqueConstraint("code", name=op.f("uq_content_modules_code")),
        sa.UniqueConstraint("position", name=op.f("uq_content_modules_position")),
    )


def _create_subscriptions() -> None:
    op.create_table(
        "subscriptions",
        id_column(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_price_id", sa.BigInteger(), nullable=False),
        sa.Column("workflow_id", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("request_hash", sa.Text(), nullable=False),
        sa.Column("start_answer", postgresql.JSONB(astext_type=sa.Text())),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("current_period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("current_period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancel_at_period_end", sa.Boolean(), nullable=False),
        sa.Column("next_action", sa.Text()),
        sa.Column("next_action_at", sa.DateTime(timezone=True)),
        sa.Column("canceled_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("state", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        recorded_at("created_at"),
        sa.CheckConstraint(
            "(status IN ('incomplete', 'active')) = (ended_at IS NULL)",
            name=op.f("ck_subscriptions_ended_when_not_live"),
        ),
        sa.CheckConstraint(
            "status IN ('incomplete', 'incomplete_expired', 'active', 'canceled')",
            name=op.f("ck_subscriptions_status_is_known"),
        ),
        sa.CheckConstraint(
            "current_period_end > current_period_start", name=op.f("ck_subscriptions_period_has_a_length")
        ),
        refers("subscriptions", "plan_id", "plans"),
        refers("subscriptions", "plan_price_id", "plan_prices"),
        refers("subscriptions", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint(
            "user_id", "idempotency_key", name=op.f("uq_subscriptions_user_id_idempotency_key")
        ),
        sa.UniqueConstraint("workflow_id", name=op.f("uq_subscriptions_workflow_id")),
    )
    op.create_index("ix_subscriptions_user_id_id", "subscriptions", ["user_id", "id"])
    op.create_index(
        "uq_subscriptions_one_live_per_user",
        "subscriptions",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('incomplete', 'active')"),
    )


def _create_timeline() -> None:
    op.create_table(
        "notes",
        id_column(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        recorded_at("recorded_at"),
        refers("notes", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notes")),
    )
    op.create_table(
        "timeline_entries",
        id_column(),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("note_id", sa.BigInteger()),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        recorded_at("recorded_at"),
        refers("timeline_entries", "subscription_id", "subscriptions"),
        refers("timeline_entries", "note_id", "notes"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline_entries")),
    )
    op.create_index(
        "ix_timeline_entries_subscription_id_id", "timeline_entries", ["subscription_id", "id"], unique=False
    )
    op.create_index(
        "ix_timeline_entries_settling",
        "timeline_entries",
        ["event"],
        postgresql_where=sa.text("event IN ('activated', 'late_payment_received', 'payment_declined')"),
    )


def _create_invoices() -> None:
    op.create_table(
        "invoice_series",
        sa.Column("series", sa.Text(), nullable=False),
        sa.Column("year", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("series", "year", name=op.f("pk_invoice_series")),
    )
    op.create_table(
        "invoices",
        id_column(),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Text()),
        sa.Column("billing_reason", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("total_cents", sa.BigInteger(), nullable=False),
        sa.Column("net_cents", sa.BigInteger(), nullable=False),
        sa.Column("vat_cents", sa.BigInteger(), nullable=False),
        sa.Column("vat_rate_bp", sa.SmallInteger(), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finalized_at", sa.DateTime(timezone=True)),
        sa.Column("paid_at", sa.DateTime(timezone=True)),
        sa.Column("voided_at", sa.DateTime(timezone=True)),
        sa.Column("paid_by_payment_id", sa.BigInteger()),
        sa.CheckConstraint(
            "(status = 'draft') = (number IS NULL)", name=op.f("ck_invoices_numbered_when_finalized")
        ),
        sa.CheckConstraint(
            "(status = 'paid') = (paid_by_payment_id IS NOT NULL)",
            name=op.f("ck_invoices_paid_by_one_payment"),
        ),
        sa.CheckConstraint(
            "billing_reason IN ('subscription_create')", name=op.f("ck_invoices_billing_reason_is_known")
        ),
        sa.CheckConstraint(
            "status IN ('draft', 'open', 'paid', 'void')", name=op.f("ck_invoices_status_is_known")
        ),
        sa.CheckConstraint(
            "net_cents + vat_cents = total_cents", name=op.f("ck_invoices_net_and_vat_are_the_total")
        ),
        sa.CheckConstraint("period_end > period_start", name=op.f("ck_invoices_period_has_a_length")),
        sa.CheckConstraint("total_cents >= 0", name=op.f("ck_invoices_total_is_not_negative")),
        refers("invoices", "subscription_id", "subscriptions"),
        refers("invoices", "user_id", "users"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoices")),
        sa.UniqueConstraint("number", name=op.f("uq_invoices_number")),
        sa.UniqueConstraint("paid_by_payment_id", name=op.f("uq_invoices_paid_by_payment_id")),
    )
    op.create_index("ix_invoices_user_id_id", "invoices", ["user_id", "id"])
    op.create_index(
        "uq_invoices_one_per_period",
        "invoices",
        ["subscription_id", "period_start", "billing_reason"],
        unique=True,
        postgresql_where=sa.text("status <> 'void'"),
    )


def _create_invoice_lines() -> None:
    op.create_table(
        "invoice_lines",
        id_column(),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('plan')", name=op.f("ck_invoice_lines_kind_is_known")),
        refers("invoice_lines", "invoice_id", "invoices"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invoice_lines")),
        sa.UniqueConstraint("invoice_id", "position", name=op.f("uq_invoice_lines_invoice_id_position")),
    )


def _create_payments() -> None:
    op.create_table(
        "payments",
        id_column(),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_no", sa.SmallInteger(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("received_cents", sa.BigInteger()),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("failure_code", sa.Text()),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        recorded_at("recorded_at"),
        sa.CheckConstraint(
            "(status = 'pending') = (settled_at IS NULL)", name=op.f("ck_payments_settled_when_not_pending")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'succeeded', 'failed')", name=op.f("ck_payments_status_is_known")
        ),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_payments_amount_is_positive")),
        refers("payments", "invoice_id", "invoices"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payments")),
        sa.UniqueConstraint("idempotency_key", name=op.f("uq_payments_idempotency_key")),
        sa.UniqueConstraint("invoice_id", "attempt_no", name=op.f("uq_payments_invoice_id_attempt_no")),
    )
    op.create_foreign_key(
        op.f("fk_invoices_paid_by_payment_id"), "invoices", "payments", ["paid_by_payment_id"], ["id"]
    )
    op.create_table(
        "periods",
        id_column(),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("subscription_id"), "="),
            (sa.column("during"), "&&"),
            using="gist",
            name="ex_periods_no_overlap",
        ),
        sa.CheckConstraint("NOT isempty(during)", name=op.f("ck_periods_has_a_length")),
        sa.CheckConstraint(
            "lower_inc(during) AND NOT upper_inc(during)", name=op.f("ck_periods_is_half_open")
        ),
        refers("periods", "invoice_id", "invoices"),
        refers("periods", "subscription_id", "subscriptions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_periods")),
        sa.UniqueConstraint("invoice_id", name=op.f("uq_periods_invoice_id")),
    )


def _create_inbox() -> None:
    op.create_table(
        "webhook_inbox",
        id_column(),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("fact_key", sa.Text(), nullable=False),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("reported_status", sa.Text(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger()),
        sa.Column("currency", sa.Text()),
        sa.Column("decline_code", sa.Text()),
        sa.Column("occurred_at", sa.DateTime(timezone=True)),
        sa.Column("raw_body", sa.LargeBinary(), nullable=False),
        sa.Column("trace_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("parked_reason", sa.Text()),
        recorded_at("received_at"),
        sa.Column("applied_at", sa.DateTime(timezone=True)),
        sa.Column("deliveries", sa.BigInteger(), server_default="0", nullable=False),
        recorded_at("next_delivery_at"),
        sa.CheckConstraint(
            "(status = 'applied') = (applied_at IS NOT NULL)",
            name=op.f("ck_webhook_inbox_applied_at_an_instant"),
        ),
        sa.CheckConstraint(
            "(status = 'parked') = (parked_reason IS NOT NULL)",
            name=op.f("ck_webhook_inbox_parked_for_a_reason"),
        ),
        sa.CheckConstraint(
            "reported_status IN ('SUCCEEDED', 'FAILED')",
            name=op.f("ck_webhook_inbox_reported_status_is_known"),
        ),
        sa.CheckConstraint(
            "status IN ('received', 'applied', 'parked', 'ignored')",
            name=op.f("ck_webhook_inbox_status_is_known"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_inbox")),
    )
    op.create_index("ix_webhook_inbox_payment_id", "webhook_inbox", ["payment_id"])
    op.create_index(
        "ix_webhook_inbox_undelivered",
        "webhook_inbox",
        ["next_delivery_at"],
        postgresql_where=sa.text("status = 'received'"),
    )
    op.create_index(
        "uq_webhook_inbox_fact",
        "webhook_inbox",
        ["provider", "fact_key"],
        unique=True,
        postgresql_where=sa.text("status <> 'ignored'"),
    )


def _create_ledger() -> None:
    op.create_table(
        "ledger_transactions",
        id_column(),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("subscription_id", sa.BigInteger(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        recorded_at("recorded_at"),
        refers("ledger_transactions", "subscription_id", "subscriptions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_transactions")),
        sa.UniqueConstraint("key", name=op.f("uq_ledger_transactions_key")),
    )
    op.create_index(
        op.f("ix_ledger_transactions_subscription_id"),
        "ledger_transactions",
        ["subscription_id"],
    )
    op.create_table(
        "ledger_entries",
        id_column(),
        sa.Column("transaction_id", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "account IN ('cash_at_provider', 'receivable', 'revenue', 'deferred_revenue', 'vat_payable',"
            " 'customer_balance')",
            name=op.f("ck_ledger_entries_account_is_known"),
        ),
        sa.CheckConstraint("amount_cents <> 0", name=op.f("ck_ledger_entries_moves_something")),
        refers("ledger_entries", "transaction_id", "ledger_transactions"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ledger_entries")),
    )
    op.create_index(
        "ix_ledger_entries_account_currency", "ledger_entries", ["account", "currency"], unique=False
    )
    op.create_index("ix_ledger_entries_transaction_id", "ledger_entries", ["transaction_id"])
