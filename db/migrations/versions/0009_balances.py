"""What customers have with us: balances, apart in the ledger from what is on its way back to them.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from db.migrations.parts import drop_unused, forbid_changes, id_column, recorded_at, refers, replace_check

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

OLD_ACCOUNTS = (
    "account IN ('cash_at_provider', 'receivable', 'revenue', 'deferred_revenue', 'vat_payable',"
    " 'customer_balance', 'refunds', 'bad_debt')"
)
ACCOUNTS = (
    "account IN ('cash_at_provider', 'receivable', 'revenue', 'deferred_revenue', 'vat_payable',"
    " 'customer_balance', 'unapplied_cash', 'gift_card_liability', 'gift_issuance', 'disputes', 'refunds',"
    " 'bad_debt')"
)

# What paid for nothing went back first, until refunds said it themselves.
UNAPPLIED_UNTIL_NOW = """
UPDATE refunds SET unapplied_cents = told.cents FROM (
    SELECT r.id, CASE WHEN i.paid_by_payment_id IS DISTINCT FROM p.id THEN r.amount_cents
        ELSE least(sum(r.amount_cents) OVER earlier, p.received_cents - p.amount_cents)
            - least(sum(r.amount_cents) OVER earlier - r.amount_cents, p.received_cents - p.amount_cents)
        END AS cents
    FROM refunds r JOIN payments p ON p.id = r.payment_id JOIN invoices i ON i.id = p.invoice_id
    WHERE r.status <> 'failed'
    WINDOW earlier AS (PARTITION BY r.payment_id ORDER BY r.id)
) AS told WHERE told.id = refunds.id
"""

# Until now one account held both what customers have with us and what is on its way back to them.
SORT_OUT_BALANCES = """
WITH told AS (
    SELECT p.id, p.currency, i.id AS invoice_id, i.user_id, i.subscription_id, i.status = 'paid' AS is_kept,
        p.received_cents - CASE WHEN i.paid_by_payment_id = p.id THEN p.amount_cents ELSE 0 END
            - coalesce(sum(r.unapplied_cents) FILTER (WHERE r.status = 'succeeded'), 0) AS held,
        coalesce(sum(r.unapplied_cents) FILTER (WHERE r.status IN ('created', 'unknown')), 0) AS on_its_way
    FROM payments p JOIN invoices i ON i.id = p.invoice_id LEFT JOIN refunds r ON r.payment_id = p.id
    WHERE p.status = 'succeeded' AND i.status IN ('paid', 'void', 'uncollectible')
    GROUP BY p.id, i.id
), parts AS (
    SELECT *, CASE WHEN is_kept THEN held - on_its_way ELSE 0 END AS kept,
        CASE WHEN is_kept THEN on_its_way ELSE held END AS apart
    FROM told
), entries AS (
    INSERT INTO customer_balance_entries (user_id, currency, invoice_id, key, amount_cents, occurred_at)
    SELECT user_id, currency, invoice_id, concat_ws(':', 'payment', id, 'surplus'), kept, now()
    FROM parts WHERE kept > 0
    RETURNING user_id, currency, amount_cents
), balances AS (
    INSERT INTO customer_balances (user_id, currency, balance_cents)
    SELECT user_id, currency, sum(amount_cents) FROM entries GROUP BY user_id, currency
), posted AS (
    INSERT INTO ledger_transactions (key, subscription_id, occurred_at)
    SELECT concat_ws(':', 'payment', id, 'unapplied'), subscription_id, now() FROM parts WHERE apart > 0
    RETURNING id, key
)
INSERT INTO ledger_entries (transaction_id, account, amount_cents, currency)
SELECT posted.id, sides.account, sides.sign * parts.apart, parts.currency
FROM parts JOIN posted ON posted.key = concat_ws(':', 'payment', parts.id, 'unapplied')
CROSS JOIN (VALUES ('customer_balance', 1), ('unapplied_cash', -1)) AS sides (account, sign)
"""


def upgrade() -> None:
    op.add_column(
        "refunds", sa.Column("unapplied_cents", sa.BigInteger(), server_default="0", nullable=False)
    )
    op.execute(UNAPPLIED_UNTIL_NOW)
    op.create_check_constraint(
        op.f("ck_refunds_unapplied_is_part_of_it"),
        "refunds",
        "unapplied_cents BETWEEN 0 AND amount_cents",
        postgresql_not_valid=True,
    )
    replace_check("ledger_entries", "account_is_known", ACCOUNTS)
    _create_balances()
    op.execute(SORT_OUT_BALANCES)


def downgrade() -> None:
    """Refused by the check too, once the ledger has an entry on an account that came with this."""
    drop_unused("customer_balance_entries", "customer_balances")
    replace_check("ledger_entries", "account_is_known", OLD_ACCOUNTS, is_validated=True)
    op.drop_column("refunds", "unapplied_cents")


def _create_balances() -> None:
    op.create_table(
        "customer_balances",
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("balance_cents", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("balance_cents >= 0", name=op.f("ck_customer_balances_is_not_negative")),
        refers("customer_balances", "user_id", "users"),
        sa.PrimaryKeyConstraint("user_id", "currency", name=op.f("pk_customer_balances")),
    )
    op.create_table(
        "customer_balance_entries",
        id_column(),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        recorded_at("recorded_at"),
        sa.CheckConstraint("amount_cents <> 0", name=op.f("ck_customer_balance_entries_moves_something")),
        refers("customer_balance_entries", "user_id", "users"),
        refers("customer_balance_entries", "invoice_id", "invoices"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_balance_entries")),
        sa.UniqueConstraint("key", name=op.f("uq_customer_balance_entries_key")),
    )
    op.create_index("ix_customer_balance_entries_user_id", "customer_balance_entries", ["user_id"])
    forbid_changes("customer_balance_entries")
