"""What reports may read: views without anybody's personal data, in a schema of their own.

Who may do what with the tables is not a migration: `db/grants.py` says it after each run.

Revision ID: 0022
Revises: 0021
"""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

VIEWS = {
    "plans": (
        "SELECT id, code, name, period_iso, seats, trial_days, grace_days, created_at, retired_at FROM plans"
    ),
    "plan_prices": (
        "SELECT id, plan_id, version, price_cents, currency, vat_rate_bp, created_at FROM plan_prices"
    ),
    "subscriptions": (
        "SELECT id, user_id, plan_id, plan_price_id, status, current_period_start, current_period_end,"
        " cancel_at_period_end, next_action, next_action_at, access_until, trial_ends_at, parked_reason,"
        " scheduled_plan_code, canceled_at, ended_at, created_at, clock_offset FROM subscriptions"
    ),
    "timeline": (
        "SELECT id, subscription_id, version, event, split_part(actor, ':', 1) AS actor_kind, details,"
        " occurred_at, recorded_at FROM timeline_entries"
    ),
    "invoices": (
        "SELECT id, subscription_id, user_id, number, billing_reason, status, currency, total_cents,"
        " net_cents, vat_cents, vat_rate_bp, discount_cents, gift_cents, balance_cents, period_start,"
        " period_end, created_at, finalized_at, paid_at, voided_at, written_off_at FROM invoices"
    ),
    "payments": (
        "SELECT id, invoice_id, attempt_no, dunning_attempt, provider, status, amount_cents, received_cents,"
        " currency, failure_code, created_at, settled_at FROM payments"
    ),
    "refunds": (
        "SELECT id, payment_id, reason, status, amount_cents, currency, created_at, settled_at FROM refunds"
    ),
    "credit_notes": (
        "SELECT id, number, invoice_id, refund_id, reason, amount_cents, card_cents, gift_cents,"
        " balance_cents, net_cents, vat_cents, currency, issued_at FROM credit_notes"
    ),
    "disputes": "SELECT id, payment_id, amount_cents, currency, opened_at FROM disputes",
    "ledger": (
        "SELECT e.id, e.transaction_id, t.subscription_id, e.account, e.amount_cents, e.currency,"
        " t.occurred_at, t.recorded_at"
        " FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id"
    ),
}


def upgrade() -> None:
    op.execute("ALTER TABLE outbox VALIDATE CONSTRAINT ck_outbox_belongs_to_a_subscription")
    op.execute("CREATE SCHEMA report")
    for name, query in VIEWS.items():
        op.execute(f"CREATE VIEW report.{name} AS {query}")


def downgrade() -> None:
    op.execute("DROP SCHEMA report CASCADE")
