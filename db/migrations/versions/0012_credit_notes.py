"""Credit notes; nothing gives back more of an invoice than it was paid with.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

from db.migrations.parts import drop_unused, forbid_changes, id_column, recorded_at, refers

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Credit notes, and what is on its way back to a card and will get one.
GIVEN_BACK_CENTS = """
CREATE FUNCTION given_back_cents(of_invoice bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (SELECT coalesce(sum(n.amount_cents), 0)::bigint FROM credit_notes n
            WHERE n.invoice_id = of_invoice)
        + (SELECT coalesce(sum(r.amount_cents - r.unapplied_cents), 0)::bigint
            FROM refunds r JOIN invoices i ON i.paid_by_payment_id = r.payment_id
            WHERE i.id = of_invoice AND r.status <> 'failed'
            AND NOT EXISTS (SELECT FROM credit_notes n WHERE n.refund_id = r.id))
$$
"""

# The lock comes first, so that whoever waited for it counts what the other has given back. A chargeback is a
# fact, however much went back before: what is opened after it has to leave room for it, and what was opened
# before it is settled as if it had not come.
GUARD_GIVEN_BACK = """
CREATE FUNCTION guard_given_back() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    invoice bigint;
    is_opened boolean;
    paid bigint;
    gone bigint;
BEGIN
    IF TG_TABLE_NAME = 'credit_notes' THEN
        invoice := NEW.invoice_id;
        is_opened := NEW.refund_id IS NULL;
    ELSE
        SELECT id INTO invoice FROM invoices WHERE paid_by_payment_id = NEW.payment_id;
        is_opened := (TG_OP = 'INSERT' OR OLD.status = 'failed') AND NEW.amount_cents > NEW.unapplied_cents;
    END IF;
    IF invoice IS NULL THEN
        RETURN NULL;
    END IF;
    SELECT total_cents INTO paid FROM invoices
        WHERE id = invoice AND currency = NEW.currency AND status = 'paid' FOR NO KEY UPDATE;
    gone := given_back_cents(invoice);
    IF is_opened THEN
        gone := gone + charged_back_cents(invoice);
    END IF;
    IF gone > coalesce(paid, 0) THEN
        RAISE EXCEPTION 'invoice % was paid with less than is given back', invoice
            USING ERRCODE = 'check_violation', CONSTRAINT = 'given_back_within_invoice';
    END IF;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    _create_credit_notes()
    op.execute(GIVEN_BACK_CENTS)
    op.execute(GUARD_GIVEN_BACK)
    for table, moment in (("credit_notes", "INSERT"), ("refunds", "INSERT OR UPDATE")):
        op.execute(
            f"CREATE TRIGGER guard_given_back AFTER {moment} ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION guard_given_back()"
        )


def downgrade() -> None:
    drop_unused("credit_notes")
    op.execute("DROP TRIGGER guard_given_back ON refunds")
    op.execute("DROP FUNCTION guard_given_back()")
    op.execute("DROP FUNCTION given_back_cents(bigint)")


def _create_credit_notes() -> None:
    op.create_table(
        "credit_notes",
        id_column(),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.BigInteger(), nullable=False),
        sa.Column("refund_id", sa.BigInteger()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("amount_cents", sa.BigInteger(), nullable=False),
        sa.Column("card_cents", sa.BigInteger(), nullable=False),
        sa.Column("gift_cents", sa.BigInteger(), nullable=False),
        sa.Column("balance_cents", sa.BigInteger(), nullable=False),
        sa.Column("net_cents", sa.BigInteger(), nullable=False),
        sa.Column("vat_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        recorded_at("recorded_at"),
        sa.CheckConstraint("amount_cents > 0", name=op.f("ck_credit_notes_amount_is_positive")),
        sa.CheckConstraint(
            "net_cents + vat_cents = amount_cents", name=op.f("ck_credit_notes_net_and_vat_are_the_amount")
        ),
        sa.CheckConstraint(
            "card_cents >= 0 AND gift_cents >= 0 AND balance_cents >= 0"
            " AND card_cents + gift_cents + balance_cents = amount_cents",
            name=op.f("ck_credit_notes_goes_back_somewhere"),
        ),
        sa.CheckConstraint(
            "reason IN ('staff', 'withdrawal', 'plan_change')", name=op.f("ck_credit_notes_reason_is_known")
        ),
        sa.CheckConstraint(
            "refund_id IS NULL OR card_cents = amount_cents", name=op.f("ck_credit_notes_refund_is_of_a_card")
        ),
        refers("credit_notes", "invoice_id", "invoices"),
        refers("credit_notes", "refund_id", "refunds"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credit_notes")),
        sa.UniqueConstraint("key", name=op.f("uq_credit_notes_key")),
        sa.UniqueConstraint("number", name=op.f("uq_credit_notes_number")),
        sa.UniqueConstraint("refund_id", name=op.f("uq_credit_notes_refund_id")),
    )
    op.create_index("ix_credit_notes_invoice_id", "credit_notes", ["invoice_id"])
    forbid_changes("credit_notes")
