"""Chargebacks: what a bank took back of a payment, and no refund gives back once more.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from db.migrations.parts import drop_unused, forbid_changes, id_column, recorded_at, refers, replace_check

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

OLD_REPORTED = "reported_status IN ('SUCCEEDED', 'FAILED')"
REPORTED = "reported_status IN ('SUCCEEDED', 'FAILED', 'CHARGEBACK')"

# Of what paid the invoice, which a bank takes first. Never what a refund takes: of a refund and a chargeback
# that do not fit beside each other the refund fails.
CHARGED_BACK_CENTS = """
CREATE FUNCTION charged_back_cents(of_invoice bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(least(d.amount_cents, greatest(p.amount_cents - (
            SELECT coalesce(sum(r.amount_cents - r.unapplied_cents), 0) FROM refunds r
            WHERE r.payment_id = p.id AND r.status <> 'failed'), 0))), 0)::bigint
    FROM invoices i JOIN payments p ON p.id = i.paid_by_payment_id JOIN disputes d ON d.payment_id = p.id
    WHERE i.id = of_invoice
$$
"""

# It takes the invoice's lock as well, so that a credit note that is being issued and it see each other.
GUARD_DISPUTE = """
CREATE FUNCTION guard_dispute() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    received bigint;
    returned bigint;
BEGIN
    SELECT received_cents INTO received FROM payments
        WHERE id = NEW.payment_id AND currency = NEW.currency FOR NO KEY UPDATE;
    PERFORM FROM invoices WHERE paid_by_payment_id = NEW.payment_id FOR NO KEY UPDATE;
    SELECT sum(amount_cents) INTO returned FROM refunds
        WHERE payment_id = NEW.payment_id AND status = 'succeeded';
    IF coalesce(returned, 0) + NEW.amount_cents > coalesce(received, 0) THEN
        RAISE EXCEPTION 'payment % received less than was charged back', NEW.payment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'dispute_within_payment';
    END IF;
    RETURN NEW;
END $$
"""

# As in 0005.
OLD_GUARD_REFUND = """
CREATE OR REPLACE FUNCTION guard_refund() RETURNS trigger LANGUAGE plpgsql AS $$
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

# What was charged back does not go back once more. A refund that is opened has to leave room for those under
# way; of several under way that a chargeback took the room from, those that succeed have to fit.
GUARD_REFUND = """
CREATE OR REPLACE FUNCTION guard_refund() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_opened boolean := TG_OP = 'INSERT' OR OLD.status = 'failed';
    received bigint;
    returned bigint;
    disputed bigint;
BEGIN
    IF NEW.status = 'failed' OR (NOT is_opened AND NEW.status <> 'succeeded') THEN
        RETURN NEW;
    END IF;
    SELECT received_cents INTO received FROM payments
        WHERE id = NEW.payment_id AND currency = NEW.currency FOR NO KEY UPDATE;
    SELECT sum(amount_cents) INTO returned FROM refunds
        WHERE payment_id = NEW.payment_id AND key <> NEW.key
        AND (status = 'succeeded' OR (is_opened AND status <> 'failed'));
    SELECT amount_cents INTO disputed FROM disputes WHERE payment_id = NEW.payment_id;
    IF coalesce(returned, 0) + coalesce(disputed, 0) + NEW.amount_cents > coalesce(received, 0) THEN
        RAISE EXCEPTION 'payment % received less than its refunds', NEW.payment_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'refunds_within_payment';
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.add_column("users", sa.Column("flagged_at", sa.DateTime(timezone=True)))
    replace_check("webhook_inbox", "reported_status_is_known", REPORTED)
    _create_disputes()
    op.execute(CHARGED_BACK_CENTS)
    op.execute(GUARD_DISPUTE)
    op.execute("CREATE TRIGGER guard BEFORE INSERT ON disputes FOR EACH ROW EXECUTE FUNCTION guard_dispute()")
    op.execute(GUARD_REFUND)


def downgrade() -> None:
    """Refused by the check too, once a chargeback was reported."""
    op.execute(OLD_GUARD_REFUND)
    drop_unused("disputes")
    op.execute("DROP FUNCTION guard_dispute()")
    op.execute("DROP FUNCTION charged_back_cents(bigint)")
    replace_check("webhook_inbox", "reported_status_is_known", OLD_REPORTED, is_validated=True)
    op.drop_column("users", "flagged_at")


def _create_disputes() -> None:
    op.create_table(
        "disputes",
        id_column(),
        sa.Column("payment_id", sa.BigInteger(), nullable=False),
        sa.Column("report_id", sa.BigInteger(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        recorded_at("recorded_at"),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_disputes_amount_is_positive")),
        refers("disputes", "payment_id", "payments"),
        refers("disputes", "report_id", "webhook_inbox"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disputes")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_disputes_payment_id")),
    )
    forbid_changes("disputes")
