"""Invoices take discounts, are paid from a purse, change a plan within its period, and carry net to the next.

Rows that are there already are held against the new constraints of 0007 to 0011 in 0013, which keeps nobody
waiting.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

from db.migrations.parts import replace_check

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

LINE_KINDS = "kind IN ('plan', 'proration_charge', 'proration_credit', 'discount', 'credit_to_balance')"

# table, name, before, after
CHECKS = (
    (
        "invoices",
        "billing_reason_is_known",
        "billing_reason IN ('subscription_create', 'subscription_cycle')",
        "billing_reason IN ('subscription_create', 'subscription_cycle', 'subscription_update')",
    ),
    ("invoice_lines", "kind_is_known", "kind IN ('plan')", LINE_KINDS),
    (
        "invoices",
        "paid_by_one_payment",
        "(status = 'paid') = (paid_by_payment_id IS NOT NULL)",
        "(status = 'paid' AND total_cents > gift_cents + balance_cents) = (paid_by_payment_id IS NOT NULL)",
    ),
)
NEW_CHECKS = (
    ("discount_is_not_negative", "discount_cents >= 0"),
    (
        "tenders_are_within_the_total",
        "gift_cents >= 0 AND balance_cents >= 0 AND gift_cents + balance_cents <= greatest(total_cents, 0)",
    ),
)

# As in 0005, and with what came with this: promo, gift cards and balance are part of what is finalized, and a
# change of plan carries net from one paid invoice to the next.
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
    END IF;{}
    IF (OLD.status, NEW.status) NOT IN
        (('draft', 'draft'), ('draft', 'open'), ('open', 'open'), ('open', 'paid'), ('open', 'void'),
         ('open', 'uncollectible')) THEN
        RAISE EXCEPTION 'invoice % cannot go from % to %', OLD.id, OLD.status, NEW.status
            USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status = 'draft' AND NEW.status = 'open' AND NEW.total_cents IS DISTINCT FROM
        (SELECT sum(amount_cents) FROM invoice_lines WHERE invoice_id = NEW.id) THEN
        RAISE EXCEPTION 'invoice % is not the sum of its lines', OLD.id USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.status <> 'draft' AND
        (OLD.number, OLD.subscription_id, OLD.user_id, OLD.billing_reason, OLD.currency, OLD.total_cents,
         OLD.net_cents, OLD.vat_cents, OLD.vat_rate_bp, OLD.period_start, OLD.period_end, OLD.finalized_at{})
        IS DISTINCT FROM
        (NEW.number, NEW.subscription_id, NEW.user_id, NEW.billing_reason, NEW.currency, NEW.total_cents,
         NEW.net_cents, NEW.vat_cents, NEW.vat_rate_bp, NEW.period_start, NEW.period_end, NEW.finalized_at{})
    THEN
        RAISE EXCEPTION 'invoice % is finalized', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""

FINALIZED_TOO = ("promo_code", "discount_cents", "gift_cents", "balance_cents")
CARRIED_WHEN_PAID = """
    IF OLD.status = 'paid' AND NEW.carried_net_cents <> OLD.carried_net_cents
        AND to_jsonb(NEW) - 'carried_net_cents' = to_jsonb(OLD) - 'carried_net_cents' THEN
        RETURN NEW;
    END IF;"""


def upgrade() -> None:
    op.add_column("invoices", sa.Column("promo_code", sa.Text()))
    for name in ("discount_cents", "gift_cents", "balance_cents", "carried_net_cents"):
        op.add_column("invoices", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("subscriptions", sa.Column("scheduled_plan_code", sa.Text()))
    for table, name, _, after in CHECKS:
        replace_check(table, name, after)
    for name, condition in NEW_CHECKS:
        op.create_check_constraint(
            op.f(f"ck_invoices_{name}"), "invoices", condition, postgresql_not_valid=True
        )
    op.execute(_guard_invoice(FINALIZED_TOO, CARRIED_WHEN_PAID))


def downgrade() -> None:
    """Refused by the checks once an invoice was paid, or a plan changed, in a way that came with this."""
    op.execute(_guard_invoice())
    for name, _ in NEW_CHECKS:
        op.drop_constraint(op.f(f"ck_invoices_{name}"), "invoices")
    for table, name, before, _ in CHECKS:
        replace_check(table, name, before, is_validated=True)
    for column in (*FINALIZED_TOO, "carried_net_cents"):
        op.drop_column("invoices", column)
    op.drop_column("subscriptions", "scheduled_plan_code")


def _guard_invoice(columns: tuple[str, ...] = (), carried: str = "") -> str:
    old, new = ("".join(f", {row}.{column}" for column in columns) for row in ("OLD", "NEW"))
    return GUARD_INVOICE.format(carried, old, new)
